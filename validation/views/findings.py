"""Findings of a release: seen, raised, and moved on."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from core.access import signed_in, who_may
from core.errors import Refused
from core.models import User
from core.views import attempt, reason_of
from releases.models import Build, Release
from validation import actions, gates
from validation.bench import rows
from validation.choices import FindingVerb
from validation.forms import FindingForm, MoveForm, cleaned
from validation.models import Finding, Run, Scenario
from validation.record import findings
from validation.views.testing import load


@who_may("everybody with a role in the product reads; everybody but viewers raises findings")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """All of the release's; POST raises one, at a step of a scenario or outside of them."""
    release, person = load(request, pk), signed_in(request)
    if request.method != "POST":
        listed = rows(release, gates.digests_of(list(gates.candidates_of(release))))
        context = {"release": release, "findings": findings(release, person, listed)}
        return render(request, "validation/findings.html", context)
    form = FindingForm(request.POST)

    def act() -> Finding:
        given = cleaned(form)
        scenario = release.scenarios.current().filter(pk=given["scenario"]).first() if given["scenario"] else None
        if given["scenario"] and scenario is None:
            raise Refused("There is no such scenario.", field="scenario")
        return actions.raise_finding(
            release=release,
            build=_seen_on(release, person),
            title=given["title"],
            severity=given["severity"],
            scenario=scenario,
            step=given["step"] if scenario else None,
            actor=person,
        )

    back = reverse("workspace", args=[pk])
    chosen = request.POST.get("scenario", "")
    where = f"{back}?scenario={chosen}" if chosen.isascii() and chosen.isdecimal() else back
    return attempt(request, act, back=where, done="The finding is raised.")


def _seen_on(release: Release, person: User) -> Build:
    """The build this person tests, or the candidate. Raises Refused where there is none."""
    run = Run.objects.filter(release=release, tester=person, finished_at=None).select_related("build").first()
    if run:
        return run.build
    candidates = sorted(gates.candidates_of(release), key=lambda one: one.product_id != release.product_id)
    build = next((one.build for one in candidates if one.build), None)
    if build is None:
        raise Refused("There is no candidate build yet on which something could be seen.")
    return build


@who_may("accept: release managers, approvers and owners; fixed: who raised it, or for a newer build who made it")
@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    visible = Finding.objects.visible_to(signed_in(request)).select_related("release__product", "build")
    finding: Finding = get_object_or_404(visible, pk=pk)
    form = MoveForm(request.POST)
    verb = request.POST.get("verb", "")
    return attempt(
        request,
        lambda: actions.move_finding(
            finding=finding, verb=cleaned(form)["verb"], reason=reason_of(request), actor=signed_in(request)
        ),
        back=_where(request, finding),
        done=f"“{finding.title}” is {FindingVerb(verb).label}." if verb in FindingVerb.values else "",
    )


def _where(request: HttpRequest, finding: Finding) -> str:
    """The page on which the button was pressed."""
    if request.POST.get("from") == "list" or not _is_current(finding.scenario):
        return reverse("findings", args=[finding.release_id])
    return f"{reverse('workspace', args=[finding.release_id])}?scenario={finding.scenario_id}"


def _is_current(scenario: Scenario | None) -> bool:
    return scenario is not None and scenario.retired_at is None
