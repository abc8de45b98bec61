"""This room's gates: a plan exists and can be carried out, and its own slots run what was signed."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from core.weights import FULL, as_percent
from releases.gates import Gate, GateState, OnClose, Question
from releases.models import Release
from releases.rules import short
from rollouts import metrics, routers, running
from rollouts.choices import Role
from rollouts.metrics import Query
from rollouts.models import Plan, PlanTarget
from rollouts.pins import pin
from rollouts.routers import Place

_SLOTS = ("environment", "slot__environment__product", "stable_slot__environment__product")


def plan(question: Question) -> list[Gate]:
    """The plan grows to everyone in steps, is judged, and each target's router and each KPI's source can do it."""
    release = question.release
    found = Plan.objects.filter(release=release).select_related("environment", "slot", "stable_slot").first()
    problem = next(_problems(found), "") if found else "There is no rollout plan yet."
    state = GateState.OPEN if not problem else GateState.BLOCKED if found else GateState.WAITING
    sentence = problem or _summary(found)
    who = str(release.manager) if problem else "by itself"
    return [
        Gate(
            key="plan",
            name="Rollout plan",
            state=state,
            sentence=sentence,
            who=who,
            url=reverse("release", args=[release.pk]) + "#plan",
        )
    ]


def slots(question: Question) -> list[Gate]:
    """Where a route sends users runs the pinned build, else the candidate; where they come from does not. A plan
    without slots has none of this: its flags carry, or the plan's gate refuses it.
    """
    found = Plan.objects.filter(release=question.release).select_related(*_SLOTS).first()
    if found is None or found.slot is None or found.stable_slot is None:
        return []
    product = found.environment.product_id
    candidate = question.release.candidates.filter(product=product).select_related("build").first()
    build = candidate.build if candidate else None
    own = build.digest if build else ""
    wanted = own if question.digests is None else question.digests.get(product, "")
    name = build.version if build and own == wanted else short(wanted)
    answers = [
        running.new_side(running.slot_fact(found.slot), wanted, name, question.now),
        running.old_side(running.slot_fact(found.stable_slot), wanted, name),
    ]
    answer = next((one for one in answers if not one.is_open), answers[0])
    return [
        Gate(
            key="slots",
            name="Slots",
            state=answer.state,
            sentence=answer.sentence,
            who="by itself" if answer.is_open else "the pipeline",
            url=reverse("running"),
            on_close=OnClose.HOLD,
        )
    ]


def _summary(found: Plan | None) -> str:
    steps = found.steps.all() if found else []
    return f"{' → '.join(as_percent(step.weight) for step in steps)}, each judged and able to go back."


def _problems(plan: Plan) -> Iterator[str]:
    yield from of_steps([step.weight for step in plan.steps.all()])
    targets = list(plan.targets.all())
    yield from _of_targets(plan, targets)
    yield from _of_flags(plan.release, targets)
    yield from _of_routers(plan, targets)
    yield from _of_kpis(plan)


def of_steps(weights: Sequence[int]) -> Iterator[str]:
    """What is wrong with how the weight grows."""
    if not weights:
        yield "The plan has no steps."
    elif any(later <= earlier for earlier, later in pairwise(weights)):
        yield "Each step must give it to more users than the one before."
    elif weights[-1] != FULL:
        yield f"The last step is {as_percent(weights[-1])}, not {as_percent(FULL)}."


def _of_targets(plan: Plan, targets: Sequence[PlanTarget]) -> Iterator[str]:
    carriers = {target.router == "flag" for target in targets if target.role == Role.CARRIES}
    if not targets:
        yield "The plan moves nothing: it has no targets."
    elif not carriers:
        yield "Nothing carries the percentage: flags follow a route that is not there."
    elif len(carriers) > 1:
        yield "Routes and flags would both carry the percentage: 5 % of 5 % is not 5 %."
    elif carriers == {True} and any(target.role == Role.FOLLOWS for target in targets):
        yield "A flag follows a route, but flags carry the percentage."
    elif carriers == {False} and (not plan.slot or not plan.stable_slot or plan.slot == plan.stable_slot):
        yield "A route needs two slots: where the new version runs and where the old one does."


def _of_flags(release: Release, targets: Sequence[PlanTarget]) -> Iterator[str]:
    keys = {flag.key for feature in release.features.prefetch_related("flags") for flag in feature.flags.all()}
    moved = {target.key for target in targets if target.router == "flag"}
    if keys - moved:
        yield f"The plan does not move {', '.join(sorted(keys - moved))}."
    if moved - keys:
        yield f"The plan moves {', '.join(sorted(moved - keys))}, which no feature of the release has."


def _of_routers(plan: Plan, targets: Sequence[PlanTarget]) -> Iterator[str]:
    pinned, weights = pin(plan), [step.weight for step in plan.steps.all()]
    for alias in sorted({target.router for target in targets}):
        places = [_place(plan, pinned, target) for target in targets if target.router == alias]
        try:
            yield from (f"{said[0].upper()}{said[1:]}" for said in routers.get(alias).refusals(places, weights))
        except ImproperlyConfigured as error:
            yield str(error)


def _place(plan: Plan, pinned: dict[str, dict[str, str]], target: PlanTarget) -> Place:
    return Place(
        environment=plan.environment_id,
        key=target.key,
        follows=target.role == Role.FOLLOWS,
        build=pinned["candidate"]["digest"],
        claim=plan.release.subject,
        candidate=pinned["candidate"]["slot"],
        stable=pinned["stable"]["slot"],
    )


def _of_kpis(plan: Plan) -> Iterator[str]:
    kpis = list(plan.kpis.all())
    if not kpis:
        yield "Nothing would say whether users are all right: the plan has no KPI."
    for kpi in kpis:
        if not kpi.compare and kpi.limit is None:
            yield f"{kpi} is judged by nothing: it has no limit and is not compared."
        if kpi.limit is not None and not 0 <= kpi.limit <= 1:
            yield f"The limit of {kpi} is a share between 0 and 1, not {kpi.limit:g}."
        try:
            yield from (f"{kpi}: {said}" for said in metrics.get(kpi.source).refusals(Query.from_json(kpi.query)))
        except (ImproperlyConfigured, ValueError) as error:
            yield f"{kpi}: {error}"
