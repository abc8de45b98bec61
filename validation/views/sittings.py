"""A tester's sitting: begun, answered step by step, and ended. Every answer leads to what comes next."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from core.access import signed_in, who_may
from core.errors import Refused
from core.models import Environment
from core.views import attempt
from validation import actions, page
from validation.forms import ResultForm, StartForm, StepForm, cleaned
from validation.models import Run, Scenario, StepResult
from validation.views.testing import load

BENCH = "validation/workspace.html"


@who_may("testers of the product")
@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    release, person = load(request, pk), signed_in(request)
    asked = page.Asked.of(request.GET.dict())
    form = StartForm(request.POST)
    environments = Environment.objects.visible_to(person).select_related("product")

    def act() -> Run:
        place = environments.filter(pk=cleaned(form)["environment"]).first()
        if place is None:
            raise Refused("There is no such environment.", field="environment")
        return actions.start_run(release=release, environment=place, tester=person)

    return _answer(request, act, pk, asked, said="Testing began.")


@who_may("the tester whose run it is")
@require_POST
def step(request: HttpRequest, pk: int, scenario_pk: int) -> HttpResponse:
    """Record one step, and go to the next one that is not answered; with `onward` to the next scenario."""
    run, scenario = _load(request, pk, scenario_pk)
    form = StepForm(request.POST)

    def act() -> StepResult:
        given = cleaned(form)
        return actions.submit_step(
            run=run,
            scenario=scenario,
            step=given["step"],
            version=given["version"],
            status=given["onward"] or given["status"],
            note=given["note"],
            actor=signed_in(request),
            conclude=bool(given["onward"]),
        )

    onward = bool(request.POST.get("onward"))
    here = page.Asked.of(request.GET.dict(), **({"after": scenario_pk} if onward else {"scenario": scenario_pk}))
    asked = page.Asked.of(request.POST.dict() | request.GET.dict(), scenario=scenario_pk)
    return _answer(request, act, run.release_id, here, said="Saved.", refused=asked, form=form)


@who_may("the tester whose run it is")
@require_POST
def result(request: HttpRequest, pk: int, scenario_pk: int) -> HttpResponse:
    """Record what came out of a scenario, and go on to the next one that is left."""
    run, scenario = _load(request, pk, scenario_pk)
    form = ResultForm(request.POST)

    def act() -> Any:
        given = cleaned(form)
        return actions.submit_result(
            run=run,
            scenario=scenario,
            version=given["version"],
            status=given["status"],
            note=given["note"],
            actor=signed_in(request),
        )

    here = page.Asked.of(request.GET.dict(), scenario=scenario_pk)
    onward = page.Asked.of(request.GET.dict(), after=scenario_pk, scenario=0)
    return _answer(request, act, run.release_id, onward, said=f"Saved: {scenario.title}.", refused=here, form=form)


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


def _load(request: HttpRequest, pk: int, scenario_pk: int) -> tuple[Run, Scenario]:
    run = get_object_or_404(Run.objects.visible_to(signed_in(request)).select_related("release__product"), pk=pk)
    return run, get_object_or_404(Scenario, pk=scenario_pk, release=run.release_id)


def _answer(
    request: HttpRequest,
    act: Any,
    release_pk: int,
    here: page.Asked,
    *,
    said: str,
    refused: page.Asked | None = None,
    form: Any = None,
) -> HttpResponse:
    """Done: the bench at `here`. Refused: the bench at `refused` with what was typed, and nothing written."""
    back = f"{reverse('workspace', args=[release_pk])}?{here.query(scenario=here.scenario, after=here.after)}"
    done: list[bool] = []

    def acted() -> Any:
        made = act()
        done.append(True)
        return made

    def context() -> dict[str, Any]:
        """Asked after the action: its refusal is shown with what was typed, its success without."""
        shown = here if done or refused is None else refused
        return {**page.workspace(load(request, release_pk), signed_in(request), shown), "form": None if done else form}

    htmx = bool(getattr(request, "htmx", False))
    answer = attempt(request, acted, back=f"{back}#step", template=f"{BENCH}#bench" if htmx else BENCH, context=context)
    if htmx and done:
        answer["HX-Replace-Url"] = back
        answer["HX-Trigger"] = json.dumps({"said": said})
    return answer
