"""Writing the rollout plan by hand: one page, which works without scripts. A row more is one more press."""

from collections.abc import Callable
from typing import Any

from django.forms import formset_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from approvals.case import Case
from core import clock
from core.access import signed_in, who_may
from core.views import attempt
from flags.models import Flag
from releases.gates import Question
from releases.models import Release
from rollouts import actions, forms, gates
from rollouts.actions.plan import is_settled, may_write
from rollouts.models import Kpi, Plan

PAGE = "rollouts/plan.html"
MOST_ROWS = 12
FRESH = {"step": {"min_users": "50"}, "kpi": {"bad": "failed", "bound": "500", "compare": "on", "breach": "30 s"}}
"""What stands in a row that was asked for."""


@who_may("release managers, engineers and owners of the release's product")
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """The plan's form; a POST writes it as a whole, or (`more`) shows it again with one more row."""
    user = signed_in(request)
    release = get_object_or_404(Release.objects.visible_to(user).select_related("product", "manager"), pk=pk)
    draft = Draft(release, request.POST if request.method == "POST" else None)
    signers = _signers(release)
    said = f"{' and '.join(signers)} signed this plan. A changed one voids that, and they are asked again."
    context = {"release": release, "draft": draft, "signers": signers, "signed_by": said}
    context |= {"may_write": may_write(release, user), "over": is_settled(release), "based_on": draft.based_on}
    if request.method != "POST" or request.POST.get("more"):
        return render(request, PAGE, context)
    if not draft.is_valid():
        return render(request, PAGE, context, status=422)
    return attempt(
        request,
        lambda: actions.set_plan(release=release, actor=user, based_on=draft.based_on, **draft.spec),
        back=reverse("release", args=[pk]) + "#plan",
        template=PAGE,
        context=context | {"based_on": draft.current},
        answer=_written(request, release),
    )


class Draft:
    """What is being written: the form of the plan and its rows, begun from the plan that there is."""

    def __init__(self, release: Release, data: Any) -> None:
        self.plan = Plan.objects.filter(release=release).first()
        keys = set(Flag.objects.filter(features__release=release).values_list("key", flat=True))
        moved = list(self.plan.targets.values_list("key", flat=True)) if self.plan else []
        self.flags = [*(key for key in moved if key in keys), *sorted(keys - set(moved))]
        """As the plan has them: another order would be another plan to whoever signed it."""
        self.current = self.plan.pk if self.plan else 0
        self.based_on = _number(data.get("based_on", "")) if data else self.current
        """The plan that was read, by its id; None where that was not said."""
        more = data.get("more", "") if data else ""
        self.form = forms.PlanForm(data, release=release, initial=_of_plan(self.plan))
        kept: dict[str, Kpi] = {kpi.name: kpi for kpi in self.plan.kpis.all()} if self.plan else {}
        self.steps = _rows(forms.StepForm, "step", _grown(data, more), forms.step_of(self.plan), release=release)
        self.routes = _rows(forms.RouteForm, "route", _grown(data, more), forms.routes_of(self.plan))
        self.kpis = _rows(forms.KpiForm, "kpi", _grown(data, more), forms.kpis_of(self.plan), kept=kept)

    def is_valid(self) -> bool:
        """Every part is asked, so that all that is wrong is said at once."""
        parts: list[Any] = [self.form, self.steps, self.routes, self.kpis]
        valid = [part.is_valid() for part in parts]
        return all(valid) and not self.wrong_steps

    @property
    def wrong_steps(self) -> str:
        """What is wrong with the steps together, as the plan's gate would say it."""
        if not self.steps.is_bound or not self.steps.is_valid():
            return ""
        return next(gates.of_steps([form.spec.weight for form in _filled(self.steps)]), "")

    @property
    def spec(self) -> dict[str, Any]:
        """For `set_plan`."""
        said = self.form.cleaned_data
        return {
            "environment": said["environment"],
            "slot": said["slot"],
            "stable_slot": said["stable_slot"],
            "watch_seconds": said["watch"],
            "alpha_ppm": self.plan.alpha_ppm if self.plan else 50_000,
            "steps": [form.spec for form in _filled(self.steps)],
            "targets": forms.targets([form.cleaned_data for form in _filled(self.routes)], self.flags),
            "kpis": [form.spec for form in _filled(self.kpis)],
        }


def _of_plan(plan: Plan | None) -> dict[str, Any]:
    if plan is None:
        return {}
    return {
        "environment": plan.environment_id,
        "slot": plan.slot_id,
        "stable_slot": plan.stable_slot_id,
        "watch": plan.watch_seconds,
    }


def _rows(form: type, prefix: str, data: Any, initial: list[dict[str, Any]], **given: Any) -> Any:
    rows: Any = formset_factory(
        form, extra=0 if initial else 1, max_num=MOST_ROWS, absolute_max=MOST_ROWS, validate_max=True
    )
    return rows(data, prefix=prefix, initial=initial, form_kwargs=given)


def _grown(data: Any, more: str) -> Any:
    """The posted fields with one more empty row of the kind `more`."""
    total = f"{more}-TOTAL_FORMS"
    count = _number(data.get(total, "")) if data else None
    if count is None:
        return data
    grown = data.copy()
    if count < MOST_ROWS:
        grown[total] = str(count + 1)
        grown.update({f"{more}-{count}-{name}": value for name, value in FRESH.get(more, {}).items()})
    return grown


def _number(said: str) -> int | None:
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


def _filled(rows: Any) -> list[Any]:
    return [form for form in rows.forms if form.has_changed()]


def _signers(release: Release) -> list[str]:
    """Whose signature stands on the plan, and would not on another."""
    covered = (one for one in Case(release).standings if not one.stage.covers or "plan" in one.stage.covers)
    return sorted({signed.signature for one in covered for signed in one.granted})


def _written(request: HttpRequest, release: Release) -> Callable[[Plan], HttpResponse]:
    """Back to the release; with what its gate says, if the plan cannot be carried out like this."""

    def answer(_: Plan) -> HttpResponse:
        (gate,) = gates.plan(Question(release=release, now=clock.now()))
        said = "The plan is written." if gate.is_open else f"The plan is written, but: {gate.sentence}"
        return attempt(request, lambda: None, back=reverse("release", args=[release.pk]) + "#plan", done=said)

    return answer
