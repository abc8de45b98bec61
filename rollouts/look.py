"""From rows to the snapshot that `rules.decide` looks at. Reads only; works inside and outside of transactions."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection

from core.weights import FULL
from releases.gates import Gate, GateState, OnClose, Question, closed, readiness
from rollouts.choices import OnBreach
from rollouts.judge.types import Kind
from rollouts.models import KpiState, Rollout, Target
from rollouts.rules import GateFact, KpiFact, Phase, Snapshot, Step, TargetFact

log = logging.getLogger(__name__)

SILENT_JUDGE = timedelta(seconds=15)
"""A verdict older than this says nothing about now (P3)."""


def question(rollout: Rollout, now: datetime) -> Question:
    """What the gates are asked about a running rollout: what it pinned, not what the release says by now."""
    digests = {int(product): digest for product, digest in rollout.pinned["digests"].items()}
    return Question(release=rollout.release, now=now, seal=rollout.seal, digests=digests)


def snapshot(rollout: Rollout, now: datetime, gates: Sequence[Gate] | None = None) -> Snapshot:
    """How a live rollout stands at `now`. Gates are asked unless they were."""
    answers = _asked(rollout, now) if gates is None else gates
    return Snapshot(
        now=now,
        phase=Phase(rollout.state),
        step=rollout.step,
        steps=steps(rollout.pinned),
        step_since=rollout.step_since,
        baked_since=rollout.baked_since,
        watch_since=rollout.watch_since,
        watch=timedelta(seconds=rollout.pinned["watch_seconds"]),
        gates=tuple(_gate(gate) for gate in closed(answers)),
        kpis=tuple(kpi_fact(rollout, state, now) for state in rollout.kpi_states.all()),
        targets=targets(rollout.targets.all()),
        gone=frozenset(go.step for go in rollout.gos.all()),
    )


def _asked(rollout: Rollout, now: datetime) -> Sequence[Gate]:
    """What the gates say. If one cannot be asked nothing grows, but harm is still judged and the way back still shown.
    Within a transaction a broken statement is the caller's: nothing more could be asked there.
    """
    try:
        return readiness(question(rollout, now))
    except Exception as error:
        if isinstance(error, DatabaseError) and connection.in_atomic_block:
            raise
        log.exception("asking the gates of %s", rollout)
        sentence = f"A gate could not be asked ({type(error).__name__}); nothing grows until it can."
        return [Gate(key="gates", name="Gates", state=GateState.BLOCKED, sentence=sentence, on_close=OnClose.HOLD)]


def steps(pinned: dict[str, Any]) -> tuple[Step, ...]:
    """The steps that were pinned."""
    return tuple(
        Step(
            weight=step["weight"],
            bake=timedelta(seconds=step["bake_seconds"]),
            min_users=step["min_users"],
            go_team=step["go_team_name"],
        )
        for step in pinned["steps"]
    )


def targets(rows: Iterable[Target]) -> tuple[TargetFact, ...]:
    return tuple(
        TargetFact(
            name=str(row),
            desired=row.desired,
            observed=row.observed,
            moved_at=row.desired_at,
            problem=row.problem,
            turned_off=row.turned_off,
        )
        for row in rows
    )


def kpi_fact(rollout: Rollout, state: KpiState, now: datetime) -> KpiFact:
    """What the judge last said of one KPI, if it said it lately and about the weight now in force."""
    asked = definition(rollout, state)
    kind, reason = Kind(state.verdict), state.reason
    weighed = rollout.baked_since.timestamp() if rollout.baked_since else None
    if kind is Kind.PASS and (weighed is None or state.numbers.get("since") != weighed):
        kind, reason = Kind.INCONCLUSIVE, "The weight has just changed; nothing has been counted under it yet."
    if kind is not Kind.FAIL and (state.folded_at is None or now - state.folded_at > SILENT_JUDGE):
        kind, reason = Kind.NO_DATA, "The judge has not spoken lately."
    numbers = {"kpi": asked["name"], "limit": asked["limit"], **state.numbers}
    return KpiFact(
        name=asked["name"],
        kind=kind,
        reason=reason,
        since=state.since or rollout.started_at,
        judged=compares(rollout, asked) or asked["limit"] is not None,
        convicts=bool(state.numbers.get("may_roll_back")),
        users=int(state.numbers.get("canary_users", 0)),
        breach_rolls_back=asked["on_breach"] == OnBreach.ROLL_BACK,
        no_data_after=timedelta(seconds=asked["no_data_seconds"]),
        no_data_rolls_back=asked["on_no_data"] == OnBreach.ROLL_BACK,
        numbers=numbers,
    )


def definition(rollout: Rollout, state: KpiState) -> dict[str, Any]:
    """The KPI as it was pinned."""
    pinned: dict[str, Any] = rollout.pinned["kpis"][str(state.kpi_id)]
    return pinned


def compares(rollout: Rollout, asked: dict[str, Any]) -> bool:
    """Whether this KPI is judged against stable now: at 100 % nobody is left there."""
    return bool(asked["compare"]) and rollout.desired < FULL


def _gate(gate: Gate) -> GateFact:
    return GateFact(name=gate.name, sentence=gate.sentence, pauses=gate.on_close is OnClose.PAUSE)
