"""What the screens know of one rollout, as plain facts: read once, with a constant number of queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Max, Min

from rollouts import look, metrics, rules
from rollouts.choices import OnBreach, Role, RolloutState, VerdictKind
from rollouts.judge.types import Basis
from rollouts.metrics import MetricSource
from rollouts.models import KpiState, Measurement, PlanTarget, Rollout, Target
from rollouts.rules import NextAction

STALE = timedelta(seconds=60)
"""A live KPI whose newest data is older than this is shown as no data, whatever the last verdict was."""
PREFETCH = ("targets", "kpi_states__kpi", "said__person", "gos")
"""What `gather` reads of many rollouts."""
Spans = Mapping[int, tuple[datetime, datetime]]
"""Index of a step → when it was measured first and last."""


@dataclass(frozen=True, kw_only=True)
class StepFacts:
    """One step of the pinned plan; `since` and `until` say when users had it, as far as it has come."""

    weight: int
    bake: timedelta
    go_team: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class KpiFacts:
    """One KPI as its plan defines it and as it stands.

    `state` is its row, `is_fine` whether growth may pass it; `judged` is False where nothing can judge it: a comparison
    at 100 %, with nobody left on the old version; `comparing` whether it is compared at this weight. `users`: how many
    different ones of the new version were seen at the last weight, where it counts users at all. `problem` says
    why it could not be read.
    """

    name: str
    verdict: VerdictKind
    reason: str
    newest_at: datetime | None
    state: int = 0
    critical: bool = False
    limit: float | None = None
    unit: str = "%"
    less_is_bad: bool = False
    compared: bool = True
    comparing: bool = True
    failed_at: datetime | None = None
    is_fine: bool = False
    judged: bool = True
    users: int = 0
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class TargetFacts:
    name: str
    desired: int
    observed: int | None
    desired_at: datetime
    confirmed_at: datetime | None
    problem: str = ""
    turned_off: bool = False

    @property
    def is_confirmed(self) -> bool:
        return self.observed == self.desired and not self.problem


@dataclass(frozen=True, kw_only=True)
class RolloutFacts:
    """Everything that the sentence, the rail and the next action are made of.

    `candidate` is what users get: a version where a route carries it, else the release's name. `stable` is the version
    that they come from, empty where only flags move.
    """

    state: RolloutState
    now: datetime
    desired: int
    step: int
    step_since: datetime
    baked_since: datetime | None
    steps: tuple[StepFacts, ...]
    watch: timedelta
    reasons: tuple[str, ...]
    kpis: tuple[KpiFacts, ...]
    targets: tuple[TargetFacts, ...]
    candidate: str
    stable: str
    started_at: datetime
    ended_at: datetime | None = None
    restored_at: datetime | None = None
    superseded: bool = False
    action: NextAction
    gone: frozenset[int] = frozenset()
    cause: Mapping[str, Any] = field(default_factory=dict)
    by_person: bool = False
    """The one reason is what a person said, after their name."""

    @property
    def waits_for_go(self) -> str:
        """The team that must press go before the next step and has not, empty if none."""
        ahead = self.step + 1
        growing = self.state in {RolloutState.RUNNING, RolloutState.HELD}
        return self.steps[ahead].go_team if growing and ahead < len(self.steps) and ahead not in self.gone else ""

    @property
    def confirmed(self) -> int:
        """How many targets answered with what was asked of them."""
        return sum(target.is_confirmed for target in self.targets)

    @property
    def way_back(self) -> str:
        """Where everybody is after a rollback: ``on 1.4.2``, ``without it``."""
        return f"on {self.stable}" if self.stable else "without it"

    @property
    def kept_warm(self) -> str:
        """What makes the way back quick."""
        return f"{self.stable} kept warm" if self.stable else "its flags can go off at once"

    @property
    def turned_off(self) -> tuple[str, ...]:
        """The flags that a person's kill switch keeps from everybody."""
        return tuple(target.name for target in self.targets if target.turned_off)

    @property
    def all_confirmed(self) -> bool:
        return self.confirmed == len(self.targets)

    @property
    def silent(self) -> tuple[tuple[KpiFacts, timedelta], ...]:
        """KPIs of a live rollout without fresh data, and for how long: silence is not success."""
        if not self.state.is_live:
            return ()
        ages = [(kpi, self.now - (kpi.newest_at or self.started_at)) for kpi in self.kpis]
        return tuple((kpi, age) for kpi, age in ages if age > STALE)

    @property
    def judged(self) -> tuple[KpiFacts, ...]:
        """The KPIs that something can judge at this weight."""
        return tuple(kpi for kpi in self.kpis if kpi.judged)

    @property
    def passing(self) -> int:
        """How many of those pass, on fresh data."""
        silent = {kpi.name for kpi, _ in self.silent}
        return sum(kpi.is_fine and kpi.name not in silent for kpi in self.judged)


def gather(rollout: Rollout, now: datetime, spans: Spans | None = None) -> RolloutFacts:
    """The facts of `rollout` at `now`, with what its engine would say next. The gates are not asked again for every
    reader: what they closed stands in the rollout's state and reasons since the last tick. Without the `spans` of its
    steps, for rows of lists, they have no times. No queries at all if `PREFETCH` was.
    """
    states = list(rollout.kpi_states.all())
    live = look.snapshot(rollout, now, ()) if rollout.is_live else None
    said = {kpi.name: kpi for kpi in live.kpis} if live else {}
    pinned = rollout.pinned
    targets = list(rollout.targets.all())
    routed = any(target.role == Role.CARRIES and target.router != "flag" for target in targets)
    return RolloutFacts(
        state=RolloutState(rollout.state),
        now=now,
        desired=rollout.desired,
        step=rollout.step,
        step_since=rollout.step_since,
        baked_since=rollout.baked_since,
        steps=_steps(rollout, spans or {}),
        watch=timedelta(seconds=pinned["watch_seconds"]),
        reasons=tuple(rollout.why),
        kpis=tuple(_kpi(rollout, state, said) for state in states),
        targets=tuple(map(_target, targets)),
        candidate=pinned["candidate"]["version"] if routed else str(rollout.release),
        stable=pinned["stable"]["version"] or "the old version" if routed else "",
        started_at=rollout.started_at,
        ended_at=rollout.ended_at,
        restored_at=rollout.restored_at,
        superseded=rollout.superseded_by_id is not None,
        action=_next(rollout, live),
        gone=live.gone if live else frozenset(),
        cause=rollout.cause,
        by_person=not rollout.reasons,
    )


def _next(rollout: Rollout, live: rules.Snapshot | None) -> NextAction:
    """What happens next; what stands in the way of a stopped one is what it was stopped for."""
    if live is None:
        return NextAction(verb="none", weight=rollout.desired, at=None)
    action = rules.next_action(live)
    stopped = rollout.state in {RolloutState.HELD, RolloutState.PAUSED}
    return replace(action, waits_for=tuple(rollout.why)) if stopped else action


def target_name(target: Target | PlanTarget) -> str:
    """``Envoy route search``, ``search-typo``: as people say it."""
    return target.key if target.router == "flag" else f"{target.router.capitalize()} route {target.key}"


def _kpi(rollout: Rollout, state: KpiState, said: dict[str, rules.KpiFact]) -> KpiFacts:
    """As the engine would see it now if the rollout is live; as it was last judged if it ended."""
    asked = look.definition(rollout, state)
    now, source = said.get(asked["name"]), _source(asked["source"])
    return KpiFacts(
        state=state.pk,
        name=asked["name"],
        verdict=VerdictKind(now.kind if now else state.verdict),
        reason=state.problem or (now.reason if now else state.reason),
        newest_at=state.newest_at,
        critical=asked["on_breach"] == OnBreach.ROLL_BACK,
        limit=asked["limit"],
        unit=state.kpi.unit,
        less_is_bad=state.kpi.less_is_bad,
        compared=asked["compare"],
        comparing=look.compares(rollout, asked),
        failed_at=state.since if state.verdict == VerdictKind.FAIL else None,
        is_fine=now.is_fine if now else state.verdict == VerdictKind.PASS,
        users=int(state.numbers.get("canary_users", 0)) if source and source.basis is Basis.USERS else 0,
        problem=state.problem,
        judged=state.verdict == VerdictKind.FAIL or asked["limit"] is not None or look.compares(rollout, asked),
    )


def _source(alias: str) -> MetricSource | None:
    try:
        return metrics.get(alias)
    except ImproperlyConfigured:
        return None


def _target(target: Target) -> TargetFacts:
    return TargetFacts(
        name=target_name(target),
        desired=target.desired,
        observed=target.observed,
        desired_at=target.desired_at,
        confirmed_at=target.confirmed_at,
        problem=target.problem,
        turned_off=target.turned_off,
    )


def spans(rollout: Rollout) -> Spans:
    """When each step was measured, by the first KPI: all are read together."""
    first = next(iter(rollout.kpi_states.all()), None)
    read = Measurement.objects.filter(state=first).order_by() if first else Measurement.objects.none()
    rows = read.values("step").annotate(since=Min("at"), until=Max("at"))
    return {row["step"]: (row["since"], row["until"]) for row in rows}


def _steps(rollout: Rollout, measured: Spans) -> tuple[StepFacts, ...]:
    """Pinned steps, with the time in which each was measured."""
    return tuple(
        StepFacts(
            weight=step["weight"],
            bake=timedelta(seconds=step["bake_seconds"]),
            go_team=step["go_team_name"],
            since=measured.get(index, (None, None))[0],
            until=measured.get(index, (None, None))[1],
        )
        for index, step in enumerate(rollout.pinned["steps"])
    )
