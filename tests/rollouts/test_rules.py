"""Decision tables: what goes in, what is decided, and that the reasons say why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.weights import FULL
from rollouts.judge.types import Kind
from rollouts.rules import (
    Advance,
    Complete,
    GateFact,
    Hold,
    KpiFact,
    Pause,
    Phase,
    RollBack,
    Snapshot,
    Step,
    TargetFact,
    Wait,
    Watch,
    decide,
    next_action,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STEPS = tuple(Step(weight=weight, bake=timedelta(seconds=60), min_users=5) for weight in (5_000, 25_000, FULL))
KPI = KpiFact(name="Failed searches", kind=Kind.PASS, reason="Fine.", users=40)
ROUTE = TargetFact(name="envoy search", desired=5_000, observed=5_000, moved_at=NOW - timedelta(seconds=62))
FREEZE = GateFact(name="Freeze", sentence="Black Friday.", pauses=False)
REVOKED = GateFact(name="Sign-off: Business", sentence="Bea took the signature back.", pauses=True)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


BAKED = Snapshot(
    now=NOW,
    phase=Phase.RUNNING,
    step=0,
    steps=STEPS,
    step_since=ago(seconds=62),
    baked_since=ago(seconds=61),
    watch_since=None,
    watch=timedelta(hours=1),
    kpis=(KPI,),
    targets=(ROUTE,),
)


def kpi(**facts: object) -> tuple[KpiFact, ...]:
    return (replace(KPI, **facts),)  # type: ignore[arg-type]


FAILED = kpi(kind=Kind.FAIL, reason="8 % against 1 %.")
SILENT = kpi(kind=Kind.NO_DATA, reason="No canary traffic.", since=ago(minutes=11))
STALE = kpi(kind=Kind.NO_DATA, reason="No canary traffic.", since=ago(seconds=20))
UNSURE = kpi(kind=Kind.INCONCLUSIVE, reason="Building.")
UNCONFIRMED = (replace(ROUTE, observed=0, problem="It does not answer."),)
LAST = {"step": 2, "targets": (replace(ROUTE, desired=FULL, observed=FULL),)}
WATCHING = {**LAST, "phase": Phase.WATCH, "watch_since": ago(minutes=30)}
OVER = {**LAST, "phase": Phase.WATCH, "watch_since": ago(minutes=61)}


@pytest.mark.parametrize(
    ("facts", "expected", "says"),
    [
        ({}, Advance, "every gate is open"),
        ({"baked_since": ago(seconds=59)}, Wait, "bakes"),
        ({"baked_since": None}, Wait, ""),
        ({"gates": (FREEZE,)}, Hold, "Black Friday"),
        ({"gates": (REVOKED,)}, Pause, "took the signature back"),
        ({"gates": (FREEZE, REVOKED)}, Pause, "took the signature back"),
        ({"kpis": UNSURE}, Hold, "Building"),
        ({"kpis": UNSURE, "baked_since": ago(seconds=30)}, Wait, "Building"),
        ({"kpis": STALE}, Hold, "No canary traffic"),
        ({"kpis": STALE, "baked_since": ago(seconds=30)}, Hold, "No canary traffic"),
        ({"kpis": SILENT}, Pause, "The plan allows 10\u00a0min without data."),
        ({"kpis": kpi(kind=Kind.NO_DATA, since=ago(minutes=11), no_data_rolls_back=True)}, RollBack, "The plan allows"),
        ({"kpis": FAILED}, RollBack, "8 % against 1 %"),
        ({"kpis": FAILED, "gates": (FREEZE, REVOKED)}, RollBack, "8 % against 1 %"),
        ({"kpis": FAILED, "baked_since": None, "targets": UNCONFIRMED}, RollBack, "8 % against 1 %"),
        ({"kpis": FAILED, "phase": Phase.PAUSED}, RollBack, "8 % against 1 %"),
        ({"kpis": kpi(kind=Kind.FAIL, convicts=False)}, Pause, "Failed searches"),
        ({"kpis": kpi(kind=Kind.FAIL, breach_rolls_back=False)}, Pause, "Failed searches"),
        ({"kpis": kpi(users=4)}, Hold, "4 of at least 5 users"),
        ({"targets": UNCONFIRMED}, Hold, "It does not answer"),
        ({"targets": UNCONFIRMED, "baked_since": None}, Hold, "does not answer"),
        ({"phase": Phase.PAUSED}, Wait, "waits for a person"),
        ({"phase": Phase.PAUSED, "gates": (REVOKED,)}, Wait, "waits for a person"),
        ({"phase": Phase.HELD}, Advance, "every gate is open"),
        (LAST, Watch, "it baked"),
        ({**LAST, "kpis": kpi(kind=Kind.INCONCLUSIVE, judged=False, users=0)}, Watch, "it baked"),
        ({**LAST, "kpis": kpi(kind=Kind.NO_DATA, judged=False)}, Hold, "Failed searches"),
        (WATCHING, Wait, "kept warm"),
        ({**WATCHING, "kpis": FAILED}, RollBack, "8 % against 1 %"),
        ({**WATCHING, "gates": (FREEZE, REVOKED)}, Wait, "kept warm"),
        ({**WATCHING, "kpis": SILENT}, Pause, "The plan allows"),
        (OVER, Complete, "over"),
        ({**OVER, "kpis": UNSURE}, Wait, "Building"),
        ({**OVER, "kpis": STALE}, Wait, "No canary traffic"),
        ({**OVER, "targets": UNCONFIRMED}, Wait, "does not answer"),
    ],
)
def test_it_decides(facts: dict[str, object], expected: type, says: str) -> None:
    decision = decide(replace(BAKED, **facts))  # type: ignore[arg-type]
    assert type(decision) is expected
    assert says in " ".join(decision.reasons)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.PASS])
def test_p3_nothing_but_a_pass_lets_it_grow(kind: Kind) -> None:
    assert not isinstance(decide(replace(BAKED, kpis=(KPI, *kpi(kind=kind)))), Advance)


def test_a_step_with_a_team_waits_for_its_go() -> None:
    asking = (STEPS[0], replace(STEPS[1], go_team="QA"), STEPS[2])
    decision = decide(replace(BAKED, steps=asking))
    assert isinstance(decision, Hold) and "QA must press go" in decision.reasons[0]
    assert isinstance(decide(replace(BAKED, steps=asking, gone=frozenset({1}))), Advance)


def test_before_the_first_step_only_gates_and_the_go_matter() -> None:
    asking = (replace(STEPS[0], go_team="QA"), *STEPS[1:])
    before = replace(BAKED, step=-1, steps=asking, baked_since=None, kpis=SILENT[:0], targets=())
    assert isinstance(decide(before), Hold)
    assert decide(replace(before, gone=frozenset({0}))) == Advance(step=0, reasons=("Every gate is open.",))
    assert isinstance(decide(replace(before, gone=frozenset({0}), gates=(FREEZE,))), Hold)


def test_next_action_says_what_and_when() -> None:
    baking = replace(BAKED, baked_since=ago(seconds=20))
    action = next_action(baking)
    assert (action.verb, action.weight, action.at) == ("advance", 25_000, NOW + timedelta(seconds=40))
    assert action.waits_for == ()
    assert next_action(replace(baking, gates=(FREEZE,))).waits_for == ("Freeze: Black Friday.",)
    assert next_action(replace(BAKED, **LAST)).verb == "watch"  # type: ignore[arg-type]
    watching = next_action(replace(BAKED, **WATCHING))  # type: ignore[arg-type]
    assert (watching.verb, watching.at) == ("complete", NOW + timedelta(minutes=30))
    assert next_action(replace(BAKED, phase=Phase.PAUSED)).verb == "none"
