"""The verdict on one KPI, with its reason in one sentence. Whatever is missing, stale or odd is never a pass."""

from datetime import timedelta
from math import exp, log

from core.words import span
from rollouts.judge.evidence import EPOCH_SECONDS, log_bound, log_e_value
from rollouts.judge.state import CANARY, STABLE, State
from rollouts.judge.types import Basis, Kind, Params, Side, Verdict

_LARGEST_LOG = 690.0
"""e to this is about the largest number JSON readers agree on."""

_MILLION = log(1_000_000)
_AGES = 1e10
"""More seconds than anybody waits: clocks of others can be off by anything."""

Finding = tuple[Kind, str, float | None, bool]
"""Kind, reason, since when, and whether it may roll back by itself."""


def verdict(state: State, params: Params, now: float, problem: str = "") -> Verdict:
    """What the evidence says at `now`; `problem` is the source's own, from its last reading.

    Proof of harm outlives missing data (it was proof when it was gathered); a pass needs everything to be there.
    """
    found = (
        _harm(state, params)
        or _missing(state, params, now, problem)
        or _unsure(state, params, now)
        or (Kind.PASS, _sentence_for_pass(state, params), state.opened, False)
    )
    kind, reason, since, may_roll_back = found
    current = state.is_under(params)
    log_e, bound = log_e_value(state.products), log_bound(max(state.epoch, 1), params)
    if state.alarm and kind is Kind.FAIL:
        log_e, bound = state.alarm.log_e, state.alarm.log_bound
    return Verdict(
        kind=kind,
        reason=reason,
        e_value=exp(min(log_e, _LARGEST_LOG)),
        bound=exp(min(bound, _LARGEST_LOG)),
        canary=_share(state, CANARY) if current else None,
        stable=_share(state, STABLE) if current else None,
        since=since,
        canary_users=state.peak[CANARY],
        stable_users=state.peak[STABLE],
        may_roll_back=may_roll_back,
    )


def _share(state: State, side: int) -> float | None:
    return state.affected[side] / state.seen[side] if state.seen[side] else None


def _percent(share: float) -> str:
    """``12.3 %``, ``2.35 %``, ``0.004 %``: never an exponent."""
    value = share * 100
    digits = 1 if value >= 10 else 2 if value >= 0.1 else 4
    text = f"{value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.')} %"


def _number(logarithm: float) -> str:
    """e to the `logarithm` for people: ``2.6``, ``80``, ``2 610``."""
    if logarithm > _MILLION:
        return "over 1\u00a0000\u00a0000"
    value = exp(logarithm)
    return f"{value:,.0f}".replace(",", "\u00a0") if value >= 10 else f"{value:.2g}"


def _lasting(seconds: float) -> str:
    return span(timedelta(seconds=round(max(0.0, min(seconds, _AGES)))))


def _unit(params: Params) -> str:
    return "users" if params.basis is Basis.USERS else "requests"


def _assumption(params: Params) -> str:
    return "" if params.basis is Basis.USERS else " (assumes independent requests)"


def _harm(state: State, params: Params) -> Finding | None:
    limit, breach, alarm = params.threshold, state.breach, state.alarm
    if limit and breach.broken(limit) and breach.value is not None:
        reason = (
            f"The canary has been {'above' if limit.above else 'below'} the limit of {_percent(limit.limit)} for "
            f"{_lasting(breach.held)} of traffic, last at {_percent(breach.value)}."
        )
        return Kind.FAIL, reason, breach.since, True
    if alarm:
        reason = (
            f"{_percent(alarm.canary)} of canary {_unit(params)} affected against {_percent(alarm.stable)} of stable "
            f"ones: evidence of harm {_number(alarm.log_e)}, bound {_number(alarm.log_bound)}{_assumption(params)}."
        )
        return Kind.FAIL, reason, alarm.at, params.basis is Basis.USERS
    return None


def _missing(state: State, params: Params, now: float, problem: str) -> Finding | None:
    if problem:
        return Kind.NO_DATA, f"The source could not be read: {problem}", state.newest[CANARY], False
    for side, name in ((CANARY, Side.CANARY), (STABLE, Side.STABLE)):
        newest = state.newest[side]
        if side == STABLE and not params.compare:
            continue
        if newest is None:
            return Kind.NO_DATA, f"No {name} traffic has been seen yet.", params.since, False
        if newest > now + params.stale_after:
            return Kind.NO_DATA, f"The newest {name} traffic is dated {_lasting(newest - now)} ahead.", now, False
        if now - newest > params.stale_after:
            return Kind.NO_DATA, f"No {name} traffic for {_lasting(now - newest)}.", newest, False
    return None


def _unsure(state: State, params: Params, now: float) -> Finding | None:
    if not state.is_under(params):
        return Kind.INCONCLUSIVE, "The weight has just changed; nothing has been counted under it yet.", None, False
    if now < params.start:
        left_out = "requests in flight at the change" if params.start == params.since + params.grace else "cold caches"
        reason = f"Counting begins in {_lasting(params.start - now)}, to leave out {left_out}."
        return Kind.INCONCLUSIVE, reason, state.origin, False
    return (_unsure_of_comparison(state, params) if params.compare else None) or _unsure_of_limit(state, params)


def _unsure_of_comparison(state: State, params: Params) -> Finding | None:
    unit = _unit(params)
    for side, name in ((CANARY, Side.CANARY), (STABLE, Side.STABLE)):
        if not state.at_risk[side]:
            cause = f"all {state.affected[side]} were affected" if state.affected[side] else "none were seen"
            reason = f"No {name} {unit} are left to compare: {cause} since this epoch began."
            return Kind.NO_DATA, reason, state.opened, False
        if state.seen[side] < params.min_users:
            reason = f"Only {state.seen[side]} of at least {params.min_users} {name} {unit} were seen in this epoch."
            return Kind.INCONCLUSIVE, reason, state.opened, False
    log_e, bound = log_e_value(state.products), log_bound(state.epoch, params)
    if log_e >= bound / 2:
        reason = f"Evidence of harm is building: {_number(log_e)}, the bound is {_number(bound)}{_assumption(params)}."
        return Kind.INCONCLUSIVE, reason, state.opened, False
    return None


def _unsure_of_limit(state: State, params: Params) -> Finding | None:
    limit, breach = params.threshold, state.breach
    if not limit:
        unjudged = (Kind.INCONCLUSIVE, "Neither a comparison nor a limit judges this KPI.", None, False)
        return None if params.compare else unjudged
    if breach.value is None:
        return Kind.INCONCLUSIVE, "Too little canary traffic so far to hold against the limit.", state.origin, False
    if breach.since is not None:
        reason = (
            f"The canary is {'above' if limit.above else 'below'} the limit of {_percent(limit.limit)} at "
            f"{_percent(breach.value)}, for {_lasting(breach.held)} of {_lasting(limit.breach_seconds)}."
        )
        return Kind.INCONCLUSIVE, reason, breach.since, False
    return None


def _sentence_for_pass(state: State, params: Params) -> str:
    canary, stable = (_share(state, side) for side in (CANARY, STABLE))
    epoch = f"in this {EPOCH_SECONDS / 60:.0f}-minute epoch"
    if not params.compare:
        return f"{_percent(state.breach.value or 0.0)} of canary {_unit(params)} affected, within the limit."
    return (
        f"{_percent(canary or 0.0)} of canary {_unit(params)} and {_percent(stable or 0.0)} of stable ones affected "
        f"{epoch}: no evidence of harm{_assumption(params)}."
    )
