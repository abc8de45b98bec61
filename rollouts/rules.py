"""How a rollout moves: pure. A snapshot goes in, one decision with its reasons comes out.

Precedence: evidence that rolls back > what pauses > what holds > the next step after its bake. A KPI that is not a pass
(missing, stale, unsure) never lets anything grow. Times are handed in; nothing here reads a clock or a database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.weights import FULL, as_percent
from core.words import span
from rollouts.decisions import Advance, Complete, Decision, Hold, KpiFact, NextAction, Pause, RollBack, Wait, Watch
from rollouts.judge.types import Kind

__all__ = [
    "Advance",
    "Complete",
    "Decision",
    "GateFact",
    "Hold",
    "KpiFact",
    "NextAction",
    "Pause",
    "Phase",
    "RollBack",
    "Snapshot",
    "Step",
    "TargetFact",
    "Wait",
    "Watch",
    "decide",
    "next_action",
]

PATIENCE = timedelta(seconds=10)
"""For so long a fresh weight may be unconfirmed, or a KPI silent, before growth is said to be held."""


class Phase(StrEnum):
    """The live states; the same words as `rollouts.choices.RolloutState`."""

    RUNNING = "running"
    HELD = "held"
    PAUSED = "paused"
    WATCH = "watch"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the pinned plan. `go_team`: who must press go before it, empty if nobody."""

    weight: int
    bake: timedelta
    min_users: int = 0
    go_team: str = ""


@dataclass(frozen=True, kw_only=True)
class GateFact:
    """One gate that is not open. `pauses`: needs a named person, else it lifts itself."""

    name: str
    sentence: str
    pauses: bool


@dataclass(frozen=True, kw_only=True)
class TargetFact:
    """What is moved: what the database says and what the router answered. `moved_at`: when desired last changed."""

    name: str
    desired: int
    observed: int | None
    moved_at: datetime
    problem: str = ""
    turned_off: bool = False
    """By a person's kill switch: a decision, and no fault."""

    @property
    def is_confirmed(self) -> bool:
        return self.observed == self.desired and not self.problem


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything a decision needs. `step` indexes `steps`, -1 before the first; `gates` are only those not open."""

    now: datetime
    phase: Phase
    step: int
    steps: tuple[Step, ...]
    step_since: datetime
    baked_since: datetime | None
    watch_since: datetime | None
    watch: timedelta
    gates: tuple[GateFact, ...] = ()
    kpis: tuple[KpiFact, ...] = ()
    targets: tuple[TargetFact, ...] = ()
    gone: frozenset[int] = frozenset()
    """Steps for which the team in charge pressed go."""

    @property
    def is_last(self) -> bool:
        return self.step == len(self.steps) - 1

    @property
    def weight(self) -> int:
        return self.steps[self.step].weight if self.step >= 0 else 0

    @property
    def baked_at(self) -> datetime | None:
        """When the step will have baked; None while its weight is not confirmed. There is nothing to bake at 0 %."""
        if self.step < 0:
            return self.step_since
        return self.baked_since + self.steps[self.step].bake if self.baked_since else None


def decide(now: Snapshot) -> Decision:
    """The one thing to do at this moment."""
    return (
        next(_harm(now), None)
        or _until_a_person_decides(now)
        or next(_pauses(now), None)
        or (_watching(now) if now.phase is Phase.WATCH else _growing(now))
    )


def _harm(now: Snapshot) -> Iterator[Decision]:
    for kpi in now.kpis:
        if kpi.kind is Kind.FAIL and kpi.convicts and kpi.breach_rolls_back:
            yield RollBack(reasons=(f"{kpi.name}: {kpi.reason}",), kpi=kpi)
    for kpi in now.kpis:
        if kpi.no_data_rolls_back and _silent_too_long(now, kpi):
            yield RollBack(reasons=(_silence(kpi),), kpi=kpi)


def _until_a_person_decides(now: Snapshot) -> Decision | None:
    return (
        Wait(reasons=("It waits for a person to resume it or to roll it back.",)) if now.phase is Phase.PAUSED else None
    )


def _pauses(now: Snapshot) -> Iterator[Decision]:
    failed = [kpi for kpi in now.kpis if kpi.kind is Kind.FAIL]
    silent = [kpi for kpi in now.kpis if _silent_too_long(now, kpi)]
    closed = [gate for gate in now.gates if gate.pauses] if now.phase is not Phase.WATCH else []
    reasons = (
        *(f"{kpi.name}: {kpi.reason}" for kpi in failed),
        *(_silence(kpi) for kpi in silent),
        *(f"{gate.name}: {gate.sentence}" for gate in closed),
    )
    if reasons:
        yield Pause(reasons=reasons)


def _silent_too_long(now: Snapshot, kpi: KpiFact) -> bool:
    return kpi.kind is Kind.NO_DATA and kpi.since is not None and now.now - kpi.since >= kpi.no_data_after


def _silence(kpi: KpiFact) -> str:
    """The judge's own sentence says for how long, so it is not said twice."""
    return f"{kpi.name}: {kpi.reason} The plan allows {span(kpi.no_data_after)} without data."


def _watching(now: Snapshot) -> Decision:
    assert now.watch_since is not None, "a watch has a beginning"
    over = now.watch_since + now.watch
    lacking = (*_unconfirmed(now), *_not_fine(now))
    if now.now < over or lacking:
        return Wait(reasons=lacking or ("Everyone has it; the old version is kept warm.",), until=max(over, now.now))
    return Complete(reasons=("The rollback window is over, and everything was fine in it.",))


def _growing(now: Snapshot) -> Decision:
    held = tuple(f"{gate.name}: {gate.sentence}" for gate in now.gates)
    baked_at = now.baked_at
    lacking = (*_unconfirmed(now), *(_not_fine(now) if now.step >= 0 else ()))
    if held:
        return Hold(reasons=held, until=baked_at)
    if baked_at is None or now.now < baked_at:
        late = tuple(_overdue(now))
        return Hold(reasons=late, until=baked_at) if late else Wait(reasons=_progress(now, lacking), until=baked_at)
    lacking += tuple(_missing_users(now)) + tuple(_missing_go(now))
    if lacking:
        return Hold(reasons=lacking)
    if now.is_last:
        return Watch(reasons=("Everyone has it, and it baked.",))
    return Advance(step=now.step + 1, reasons=_why_it_may(now))


def _unconfirmed(now: Snapshot) -> tuple[str, ...]:
    return tuple(_lag(target) for target in now.targets if not target.is_confirmed)


def _lag(target: TargetFact) -> str:
    if target.turned_off:
        return (
            f"{target.name} is turned off by a person: nothing grows until it is turned on again, or everybody is back."
        )
    observed = "nothing yet" if target.observed is None else as_percent(target.observed)
    why = f" {target.problem}" if target.problem else ""
    return f"{target.name}: {as_percent(target.desired)} intended, {observed} confirmed.{why}"


def _not_fine(now: Snapshot) -> tuple[str, ...]:
    return tuple(f"{kpi.name}: {kpi.reason}" for kpi in now.kpis if not kpi.is_fine)


def _overdue(now: Snapshot) -> Iterator[str]:
    """What took longer than is usual, so that it is said aloud although the bake is not over."""
    for target in now.targets:
        if target.turned_off or (not target.is_confirmed and now.now - target.moved_at > PATIENCE):
            yield _lag(target)
    for kpi in now.kpis:
        since = max(kpi.since or now.now, now.step_since)
        if kpi.kind is Kind.NO_DATA and now.step >= 0 and now.now - since > PATIENCE:
            yield f"{kpi.name}: {kpi.reason}"


def _progress(now: Snapshot, lacking: tuple[str, ...]) -> tuple[str, ...]:
    return lacking or (f"{as_percent(now.weight)} is confirmed and bakes.",)


def _missing_users(now: Snapshot) -> Iterator[str]:
    needed = now.steps[now.step].min_users if now.step >= 0 else 0
    for kpi in now.kpis:
        if kpi.judged and kpi.users < needed:
            yield f"{kpi.name}: {kpi.users} of at least {needed} users of the new version were seen at this step."


def _missing_go(now: Snapshot) -> Iterator[str]:
    if not now.is_last:
        step = now.steps[now.step + 1]
        if step.go_team and now.step + 1 not in now.gone:
            yield f"{step.go_team} must press go for {as_percent(step.weight)}."


def _why_it_may(now: Snapshot) -> tuple[str, ...]:
    if now.step < 0:
        return ("Every gate is open.",)
    return (f"{as_percent(now.weight)} baked, every KPI passes, every gate is open.",)


def next_action(now: Snapshot) -> NextAction:
    """The next automatic action, for the screen. It agrees with `decide`: it only looks further ahead."""
    decision = decide(now)
    waits = decision.reasons if isinstance(decision, Hold | Pause) or now.baked_at is None else ()
    if now.phase is Phase.PAUSED or isinstance(decision, Pause | RollBack):
        return NextAction(verb="none", weight=now.weight, at=None, waits_for=decision.reasons)
    if now.phase is Phase.WATCH:
        over = now.watch_since is not None and now.now >= now.watch_since + now.watch
        lacking = (*_unconfirmed(now), *(_not_fine(now) if over else ()))
        return NextAction(verb="complete", weight=FULL, at=decision.until or now.now, waits_for=lacking)
    if now.is_last:
        return NextAction(verb="watch", weight=FULL, at=now.baked_at, waits_for=waits)
    return NextAction(verb="advance", weight=now.steps[now.step + 1].weight, at=now.baked_at, waits_for=waits)
