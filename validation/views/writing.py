"""Scenarios: a page to write one, and to change or take it out."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from core.access import signed_in, who_may
from core.views import attempt, reason_of
from releases.models import Release
from validation import actions
from validation.actions.writing import KEEPERS, WRITERS
from validation.forms import ScenarioForm, cleaned, initial_of
from validation.models import Scenario
from validation.views.testing import load

PAGE = "validation/scenario.html"
WHO = "release managers, owners, approvers and testers of the product"


@who_may(WHO)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, pk: int) -> HttpResponse:
    release = load(request, pk)
    feature = request.GET.get("feature", "")
    started = {"feature": feature} if feature.isascii() and feature.isdecimal() else {}
    form = ScenarioForm(request.POST or None, release=release, initial=started)
    if request.method != "POST":
        return _page(request, release, form)
    return _submit(
        request,
        release,
        form,
        lambda: actions.write_scenario(release=release, actor=signed_in(request), **cleaned(form)),
    )


@who_may(WHO)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int, scenario_pk: int) -> HttpResponse:
    release, scenario = _load(request, pk, scenario_pk)
    form = ScenarioForm(request.POST or None, release=release, initial=initial_of(scenario))
    if request.method != "POST":
        return _page(request, release, form, scenario)
    return _submit(
        request,
        release,
        form,
        lambda: actions.change_scenario(scenario=scenario, actor=signed_in(request), **cleaned(form)),
        scenario,
    )


@who_may("release managers, owners and approvers of the product")
@require_POST
def remove(request: HttpRequest, pk: int, scenario_pk: int) -> HttpResponse:
    """Take it out: for good while nothing is recorded about it, else it is retired and stays on record."""
    release, scenario = _load(request, pk, scenario_pk)
    form = ScenarioForm(release=release, initial=initial_of(scenario))
    return attempt(
        request,
        lambda: actions.remove_scenario(scenario=scenario, actor=signed_in(request), reason=reason_of(request)),
        back=reverse("workspace", args=[pk]),
        done=f"“{scenario.title}” is taken out.",
        template="" if getattr(request, "htmx", False) else PAGE,
        context=lambda: _context(request, release, form, scenario),
    )


def _load(request: HttpRequest, pk: int, scenario_pk: int) -> tuple[Release, Scenario]:
    release = load(request, pk)
    return release, get_object_or_404(release.scenarios.current(), pk=scenario_pk)


def _submit(
    request: HttpRequest,
    release: Release,
    form: ScenarioForm,
    act: Callable[[], Scenario],
    scenario: Scenario | None = None,
) -> HttpResponse:
    bench = reverse("workspace", args=[release.pk])
    return attempt(
        request,
        act,
        back=lambda made: f"{bench}?scenario={made.pk}",
        done="The scenario is saved.",
        template=PAGE,
        context=lambda: _context(request, release, form, scenario),
    )


def _page(request: HttpRequest, release: Release, form: ScenarioForm, scenario: Scenario | None = None) -> HttpResponse:
    return render(request, PAGE, _context(request, release, form, scenario))


def _context(
    request: HttpRequest, release: Release, form: ScenarioForm, scenario: Scenario | None = None
) -> dict[str, Any]:
    person = signed_in(request)
    return {
        "release": release,
        "form": form,
        "scenario": scenario,
        "results": scenario.results.count() if scenario else 0,
        "may_write": person.has_role(release.product, *WRITERS),
        "may_remove": scenario is not None and person.has_role(release.product, *KEEPERS),
    }
