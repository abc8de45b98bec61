"""What the plan, and what happened on its routes before, say of a release's risk. The weights are explained in
docs/decisions (the weights of risk are ours).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.weights import FULL, as_percent
from core.words import span
from releases.models import Release
from releases.rules import Reason
from rollouts.choices import OnBreach, Role, RolloutState
from rollouts.facts import target_name
from rollouts.models import Plan, Rollout, Target

LATELY = timedelta(days=30)
"""A rollback within this time counts as rehearsed: people and machinery are the same."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """An ended rollout that moved one of the plan's carriers. `took` is how long its way back took."""

    state: RolloutState
    ended_at: datetime
    took: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan. `ends_at`: when its last step is over if it starts now, on the manager's clock; None once it started."""

    carriers: tuple[str, ...] = ()
    weights: tuple[int, ...] = ()
    kpis: int = 0
    turns_back: bool = True
    before: tuple[Before, ...] = ()
    ends_at: datetime | None = None


def reasons(release: Release, now: datetime) -> Sequence[Reason]:
    """Five queries; none where no plan is written yet, which its gate says already."""
    plan = Plan.objects.filter(release=release).prefetch_related("steps", "kpis", "targets").first()
    if plan is None:
        return []
    carriers = [one for one in plan.targets.all() if one.role == Role.CARRIES]
    keys = {(one.router, one.key) for one in carriers}
    moved = Target.objects.filter(environment=plan.environment_id, role=Role.CARRIES, rollout__ended_at__lte=now)
    ended = {one.rollout_id: one.rollout for one in moved.select_related("rollout") if (one.router, one.key) in keys}
    steps, kpis = list(plan.steps.all()), list(plan.kpis.all())
    bakes = timedelta(seconds=sum(step.bake_seconds for step in steps))
    live = Rollout.objects.live().filter(release=release).exists()
    local = now.astimezone(ZoneInfo(release.manager.timezone))
    return weigh(
        Planned(
            carriers=tuple(target_name(one) for one in carriers),
            weights=tuple(step.weight for step in steps),
            kpis=len(kpis),
            turns_back=any(kpi.on_breach == OnBreach.ROLL_BACK for kpi in kpis),
            before=tuple(_before(one) for one in sorted(ended.values(), key=lambda one: one.pk, reverse=True)),
            ends_at=None if live else local + bakes,
        ),
        now,
    )


def _before(rollout: Rollout) -> Before:
    ended = rollout.ended_at or rollout.started_at
    took = rollout.restored_at - ended if rollout.restored_at else None
    return Before(state=RolloutState(rollout.state), ended_at=ended, took=took)


def weigh(plan: Planned, now: datetime) -> list[Reason]:
    """How much at once, what watches it, what happened there before, and who will be there when it ends."""
    found = []
    first = plan.weights[0] if plan.weights else 0
    if first == FULL:
        found.append(Reason(20, "Everybody gets it in the first step"))
    elif first > FULL // 10:
        found.append(Reason(10, f"{as_percent(first)} get it in the first step"))
    if not plan.kpis:
        found.append(Reason(15, "No KPI watches it"))
    elif not plan.turns_back:
        found.append(Reason(6, "No KPI takes it back by itself"))
    if plan.carriers and not plan.before:
        found.append(Reason(8, f"First rollout of {plan.carriers[0]}"))
    found += _history(plan.before, now)
    if plan.ends_at and _is_weekend(plan.ends_at):
        found.append(Reason(6, f"Started now, its last step ends when few are there: {plan.ends_at:%a %H:%M}"))
    return found


def _history(before: Sequence[Before], now: datetime) -> list[Reason]:
    back = [one for one in before if one.state is RolloutState.ROLLED_BACK and now - one.ended_at <= LATELY]
    found = []
    if before and before[0] in back:
        found.append(Reason(6, "The last rollout there was rolled back"))
    proven = next((one.took for one in back if one.took is not None), None)
    if proven is not None:
        found.append(Reason(-5, f"The way back was gone lately: {span(proven)}"))
    return found


def _is_weekend(at: datetime) -> bool:
    """From Friday 16:00 until Monday 06:00, when fewer people are there to decide."""
    day, hour = at.weekday(), at.hour
    return day in {5, 6} or (day == 4 and hour >= 16) or (day == 0 and hour < 6)
