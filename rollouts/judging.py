"""Between the judge, which is pure, and the rows: read what is new, fold it once, write down what the judge says.

Reading happens with no transaction open. A fold is a compare-and-set on the KPI's counter of folds: of two ticks that
read the same news one writes, and the other's fold is dropped, cursor and all. So nothing is counted twice (P8).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Max

from core import clock, events
from releases.models import Deployment
from rollouts import judge, look, metrics
from rollouts.judge import Basis, Kind, Params, State, Threshold, Verdict
from rollouts.metrics import Query
from rollouts.metrics.patience import ask
from rollouts.models import KpiState, Measurement, Rollout
from rollouts.writing import writing

log = logging.getLogger(__name__)

PORTIONS = 4
"""How many bounded portions of news one tick reads from one source."""
STALE_AFTER = 60.0
GRACE = 5.0
"""Seconds after a change in which requests were still in flight; half of the bake, if that is shorter."""
BLIND_AT_FIRST = timedelta(seconds=10)
"""Before the first weight is confirmed there is nothing to judge; after so long it is looked at all the same."""
ROW_EVERY = timedelta(seconds=0.9)
TOLD_EVERY = 5
"""Seconds. Readings that change no verdict are told together: whoever watches fetches a page for each word."""


@dataclass(frozen=True, kw_only=True)
class _News:
    row: KpiState
    state: State
    cursor: str
    verdict: Verdict
    params: Params
    newest_at: float | None
    problem: str


def measure(rollout: Rollout) -> None:
    """Read every KPI of a live rollout and fold what is new."""
    now = clock.now()
    if rollout.step < 0:
        return
    rows = list(rollout.kpi_states.select_related("kpi"))
    if not rollout.baked_since and not any(row.evidence for row in rows) and now - rollout.step_since < BLIND_AT_FIRST:
        return
    news = [_read(rollout, row, now) for row in rows]
    with writing("fold"):
        for one in news:
            _fold(rollout, one, clock.now())
        if any(map(_is_material, news)):
            events.announce(rollout.subject, "judged")
        elif news and _is_due(rows[0], clock.now()):
            events.announce(rollout.subject, "measured")


def _is_material(news: _News) -> bool:
    """Whether a reader must see it at once: another verdict, or another trouble with reading."""
    row = news.row
    return row.folded_at is None or (row.verdict, row.problem) != (news.verdict.kind, news.problem[:300])


def _is_due(row: KpiState, now: datetime) -> bool:
    """Whether a stretch of `TOLD_EVERY` ended since `row` was folded last; each rollout's stretches begin elsewhere."""
    before, current = ((at.timestamp() + row.rollout_id) // TOLD_EVERY for at in (row.folded_at or now, now))
    return before != current


def params(rollout: Rollout, asked: Mapping[str, Any], state: State, basis: Basis) -> Params:
    """What the judge is asked, from the pinned plan and from where the rollout stands.

    While a fresh weight is unconfirmed the evidence goes on under the one before it: harm is not overlooked meanwhile.
    """
    comparing, step = look.compares(rollout, dict(asked)), rollout.pinned["steps"][max(rollout.step, 0)]
    grace = min(GRACE, step["bake_seconds"] / 2)
    since = rollout.step_since.timestamp() if state.origin is None else state.origin - grace
    if rollout.baked_since:
        since = rollout.baked_since.timestamp()
    limit = asked["limit"]
    return Params(
        since=since,
        warm_until=_warm_until(rollout, asked["warm_up_seconds"]),
        grace=grace,
        alpha=rollout.pinned["alpha"],
        kpis=max(1, sum(kpi["compare"] for kpi in rollout.pinned["kpis"].values())),
        tolerance=asked["tolerance_ppm"] / 1_000_000,
        less_is_bad=asked["less_is_bad"],
        min_users=max(1, step["min_users"]),
        stale_after=min(STALE_AFTER, asked["no_data_seconds"]),
        threshold=None
        if limit is None
        else Threshold(limit=limit, above=not asked["less_is_bad"], breach_seconds=asked["breach_seconds"]),
        compare=comparing,
        basis=basis,
    )


def _warm_until(rollout: Rollout, warm_up: int) -> float:
    """The canary's caches are cold after each deployment to its slot, and when its first users come."""
    if not warm_up:
        return 0.0
    slot = rollout.pinned["candidate"]["slot"] or None
    deployed = Deployment.objects.filter(environment=rollout.environment_id, slot__name=slot).aggregate(
        newest=Max("deployed_at")
    )["newest"]
    first = rollout.baked_since if rollout.step == 0 else None
    starts = [at.timestamp() for at in (deployed, first) if at]
    return max(starts, default=0.0) + warm_up


def acknowledge(rollout: Rollout, now: datetime) -> None:
    """A person looked at what was alarming and lets the locked rollout go on."""
    for row in rollout.kpi_states.select_for_update(of=("self",)).order_by("pk"):
        asked, state = look.definition(rollout, row), State.load(row.evidence)
        if row.verdict == Kind.NO_DATA:  # its patience begins anew, or the next tick would pause it again
            KpiState.objects.filter(pk=row.pk).update(since=now, folds=row.folds + 1)
        if row.verdict != Kind.FAIL:
            continue
        asks = params(rollout, asked, state, _basis(asked))
        row.evidence = judge.acknowledged(state, asks).dump()
        row.verdict, row.reason, row.since = Kind.INCONCLUSIVE, "The evidence starts again.", now
        row.folds += 1
        row.save(update_fields=["evidence", "verdict", "reason", "since", "folds"])


def _basis(asked: Mapping[str, Any]) -> Basis:
    try:
        return metrics.get(asked["source"]).basis
    except ImproperlyConfigured:
        return Basis.USERS


def _read(rollout: Rollout, row: KpiState, now: datetime) -> _News:
    asked, state, cursor = look.definition(rollout, row), State.load(row.evidence), row.cursor
    newest: float | None = row.newest_at.timestamp() if row.newest_at else None
    asks, problem, more = params(rollout, asked, state, _basis(asked)), "", False
    try:
        source, query = metrics.get(asked["source"]), Query.from_json(asked["query"])
        for _ in range(PORTIONS):
            reading = ask(asked["source"], partial(source.read, query, cursor))
            state = judge.fold(state, reading.counts or reading.observations, asks)
            cursor, problem, more = reading.cursor, reading.problem, reading.more
            newest = reading.newest_at if reading.newest_at is not None else newest
            if problem or not more:
                break
    except (ImproperlyConfigured, TimeoutError, ValueError) as error:
        problem = str(error)
    except Exception as error:  # anybody's code: the other KPIs must be judged all the same
        log.exception("%s of %s", asked["name"], rollout)
        problem = f"{type(error).__name__}: {error}"
    verdict = judge.verdict(state, asks, now.timestamp(), problem)
    if more and verdict.kind is Kind.PASS:
        verdict = replace(verdict, kind=Kind.INCONCLUSIVE, reason="There is news that was not read yet.", since=None)
    return _News(row=row, state=state, cursor=cursor, verdict=verdict, params=asks, newest_at=newest, problem=problem)


def _fold(rollout: Rollout, news: _News, now: datetime) -> None:
    row, verdict = news.row, news.verdict
    folded = KpiState.objects.filter(pk=row.pk, folds=row.folds, cursor=row.cursor).update(
        folds=row.folds + 1,
        cursor=news.cursor,
        evidence=news.state.dump(),
        newest_at=None if news.newest_at is None else datetime.fromtimestamp(news.newest_at, UTC),
        verdict=verdict.kind.value,
        reason=verdict.reason[:300],
        since=_since(row, verdict, news.params, now),
        numbers=_numbers(news),
        folded_at=now,
        problem=news.problem[:300],
    )
    crowded = row.folded_at is not None and now - row.folded_at < ROW_EVERY and row.verdict == verdict.kind
    if folded and not crowded:
        Measurement.objects.create(
            state=row,
            fold=row.folds + 1,
            at=now,
            step=rollout.step,
            canary=verdict.canary,
            stable=verdict.stable,
            canary_n=verdict.canary_users,
            stable_n=verdict.stable_users,
            e_value=verdict.e_value,
            bound=verdict.bound,
            verdict=verdict.kind.value,
        )


def _since(row: KpiState, verdict: Verdict, asks: Params, now: datetime) -> datetime:
    """Since when the verdict is this one. Stale data is missing since its last piece, not since we noticed."""
    if row.verdict == verdict.kind and row.since is not None:
        return row.since
    missing = verdict.since if verdict.kind is Kind.NO_DATA else None
    if missing is not None and now.timestamp() - missing > asks.stale_after:
        return datetime.fromtimestamp(max(missing, asks.since), UTC)
    return now


def _numbers(news: _News) -> dict[str, Any]:
    verdict = news.verdict
    return {
        "canary": verdict.canary,
        "stable": verdict.stable,
        "e_value": verdict.e_value,
        "bound": verdict.bound,
        "canary_users": verdict.canary_users,
        "stable_users": verdict.stable_users,
        "may_roll_back": verdict.may_roll_back,
        "since": news.params.since,
        "reason": verdict.reason,
    }
