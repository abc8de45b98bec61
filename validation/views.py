"""The tester's bench, and what needs testing."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from core.access import signed_in, who_may
from core.errors import Refused
from core.models import Environment
from core.views import attempt
from releases.models import Release
from validation import actions, gates
from validation.bench import bench
from validation.choices import FindingVerb, ResultStatus
from validation.forms import MoveForm, ResultForm, StartForm
from validation.models import Finding, Run, Scenario


def _release(request: HttpRequest, pk: int) -> Release:
    return get_object_or_404(Release.objects.visible_to(signed_in(request)).select_related("product"), pk=pk)


def _cleaned(form: forms.Form) -> dict[str, Any]:
    """The form's values. Raises Refused naming the first field that is wrong."""
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise Refused(str(problems[0]), field=field)
    return form.cleaned_data


@who_may("everybody with a role in the product")
@require_safe
def testing(request: HttpRequest) -> HttpResponse:
    """What needs testing, unfinished releases first where something failed or is left."""
    releases = Release.objects.visible_to(signed_in(request)).unfinished().select_related("product")
    rows = [(release, gates.ask(release)) for release in releases.filter(scenarios__isnull=False).distinct()]
    rows.sort(key=lambda row: ("blocked", "waiting", "open").index(row[1].state.value))
    return render(request, "validation/testing.html", {"rows": rows})


@who_may("everybody with a role in the product reads; its testers record")
@require_safe
def workspace(request: HttpRequest, pk: int) -> HttpResponse:
    context = bench(_release(request, pk), signed_in(request), request.GET.get("scenario", ""))
    return render(request, "validation/workspace.html", context)


@who_may("testers of the product")
@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    release, person = _release(request, pk), signed_in(request)
    form = StartForm(request.POST)
    places = Environment.objects.visible_to(person).select_related("product")

    def act() -> Run:
        place = places.filter(pk=_cleaned(form)["environment"]).first()
        if place is None:
            raise Refused("There is no such environment.", field="environment")
        return actions.start_run(release=release, environment=place, tester=person)

    return attempt(
        request,
        act,
        back=reverse("workspace", args=[pk]),
        template="validation/workspace.html",
        context=lambda: bench(release, person),
    )


@who_may("the tester whose run it is")
@require_POST
def result(request: HttpRequest, pk: int, scenario_pk: int) -> HttpResponse:
    """Record and go on to the next scenario that is left."""
    person = signed_in(request)
    run = get_object_or_404(Run.objects.visible_to(person).select_related("release__product"), pk=pk)
    scenario = get_object_or_404(Scenario, pk=scenario_pk, release=run.release_id)
    form = ResultForm(request.POST)
    here = reverse("workspace", args=[run.release_id])

    def act() -> Any:
        given = _cleaned(form)
        return actions.submit_result(
            run=run,
            scenario=scenario,
            status=given["status"],
            note=given["note"],
            finding=given["finding"],
            severity=given["severity"],
            actor=person,
        )

    return attempt(
        request,
        act,
        back=here if request.POST.get("status") == ResultStatus.PASS else f"{here}?scenario={scenario.pk}",
        done=f"Saved: {scenario.title}.",
        template="validation/workspace.html",
        context=lambda: {**bench(run.release, person, str(scenario.pk)), "form": form},
    )


@who_may("the tester whose run it is")
@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(Run.objects.visible_to(signed_in(request)).select_related("release__product"), pk=pk)
    return attempt(
        request,
        lambda: actions.finish_run(run=run, actor=signed_in(request)),
        back=reverse("workspace", args=[run.release_id]),
        done="This run is finished.",
    )


@who_may("accept: release managers, approvers and owners; fixed: who raised it, or for a newer build who made it")
@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    findings = Finding.objects.visible_to(signed_in(request)).select_related("release__product", "build")
    finding: Finding = get_object_or_404(findings, pk=pk)
    form = MoveForm(request.POST)
    where = f"?scenario={finding.scenario_id}" if finding.scenario_id else ""
    return attempt(
        request,
        lambda: actions.move_finding(finding=finding, verb=_cleaned(form)["verb"], actor=signed_in(request)),
        back=reverse("workspace", args=[finding.release_id]) + where,
        done=f"“{finding.title}” is {FindingVerb(request.POST['verb']).label}."
        if request.POST.get("verb") in FindingVerb.values
        else "",
    )
