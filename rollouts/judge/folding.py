"""Folding observations into the judge's state: pure and incremental, so any split of a stream gives the same state.

Who is at risk. At the start of an epoch everyone seen in the epoch before, on the side they were on, all at once;
later each user not seen before, at their first request, before its outcome is looked at. A weight that changes starts
an epoch with nobody: users have changed sides, so each enters where its next request shows it. A user seen on the other
side within an epoch leaves it without an event. Whoever had a bad event waits for the next epoch.
"""

from collections.abc import Iterable
from math import isfinite

from rollouts.judge.evidence import EPOCH_SECONDS, NOTHING_YET, log_bound, log_e_value, multiplied
from rollouts.judge.state import AFFECTED, CANARY, EXPECTED, GONE, SEEN, STABLE, Alarm, State
from rollouts.judge.types import Counts, Observation, Params, Side

MAX_USERS = 50_000
_ALL_BITS = (1 << 64) - 1


def fold(state: State, news: Iterable[Observation] | Counts, params: Params) -> State:
    """The state after `news`; the one given stays as it was. Order within one batch does not matter.

    A caller that stores the state together with the source's cursor, in one compare-and-set, counts nothing twice.
    """
    state = state.copy()
    _keep_up(state, params)
    if isinstance(news, Counts):
        _count(state, news, params)
    else:
        for seen in sorted(news, key=lambda one: (one.at, one.user, one.side, one.bad)):
            _observe(state, seen, params)
    return state


def acknowledged(state: State, params: Params) -> State:
    """A person looked at the alarm and goes on: the evidence starts again, at the next epoch's stricter level."""
    state = state.copy()
    state.alarm = None
    _open(state, max(state.opened, params.start, *(at for at in state.newest if at is not None)), carry=False)
    return state


def _keep_up(state: State, params: Params) -> None:
    """Start afresh when the weight, or the end of the warm-up, is not what the evidence was gathered under."""
    if not state.is_under(params):
        state.origin = params.start
        _open(state, params.start, carry=False)


def _open(state: State, at: float, *, carry: bool) -> None:
    """Open the next epoch at `at`, with whoever was seen in the last one, or with nobody."""
    kept = {user: (code & 1) | EXPECTED for user, code in state.users.items() if carry and SEEN <= code < GONE}
    state.users = kept
    canary = sum(code & 1 for code in kept.values())
    state.at_risk = [len(kept) - canary, canary]
    state.seen, state.affected = [0, 0], [0, 0]
    state.epoch += 1
    state.opened = at
    state.products = NOTHING_YET
    if not carry:
        state.peak = [0, 0]
        state.breach = type(state.breach)()


def _roll(state: State, at: float) -> None:
    """Move on to the epoch that `at` lies in; after a whole epoch of silence nobody counts as recently seen."""
    passed = int((at - state.opened) // EPOCH_SECONDS)
    if passed == 1:
        _open(state, state.opened + EPOCH_SECONDS, carry=True)
    elif passed > 1:
        state.users = {}
        _open(state, state.opened + passed * EPOCH_SECONDS, carry=True)


def _observe(state: State, one: Observation, params: Params) -> None:
    if not isfinite(one.at):
        state.odd += 1
        return
    side = CANARY if one.side == Side.CANARY else STABLE
    state.newest[side] = max(one.at, state.newest[side] or one.at)
    user = one.user & _ALL_BITS
    if one.at < state.opened or user & ((1 << state.thin) - 1):
        return
    _roll(state, one.at)
    if side == CANARY and params.threshold:
        state.breach.add(params.threshold, one.at, 1, int(one.bad), user)
    code = _enter(state, user, side)
    if one.bad and code == SEEN | side:
        _event(state, user, side, one.at, params)


def _enter(state: State, user: int, side: int) -> int:
    """Put the user where this request shows it, and return its standing."""
    code = state.users.get(user)
    if code is None:
        state.at_risk[side] += 1
        code = EXPECTED | side
    elif code & 1 != side:
        if code < AFFECTED:
            state.at_risk[code & 1] -= 1
        state.users[user] = code | GONE
        return code | GONE
    if code < SEEN:
        code = SEEN | side
        state.seen[side] += 1
        state.peak[side] = max(state.peak[side], state.seen[side])
    state.users[user] = code
    if len(state.users) > MAX_USERS:
        _thin_out(state)
        code = state.users.get(user, GONE | side)
    return code


def _thin_out(state: State) -> None:
    """Halve the sample of users by the next bit of their hash, which knows nothing of sides or outcomes."""
    state.thin += 1
    mask = (1 << state.thin) - 1
    state.users = {user: code for user, code in state.users.items() if not user & mask}
    for side in (STABLE, CANARY):
        codes = [code for code in state.users.values() if code & 1 == side]
        state.at_risk[side] = sum(code < AFFECTED for code in codes)
        state.seen[side] = sum(code >= SEEN for code in codes)
        state.affected[side] = sum(code & ~1 == AFFECTED for code in codes)


def _event(state: State, user: int, side: int, at: float, params: Params) -> None:
    share = state.at_risk[CANARY] / (state.at_risk[CANARY] + state.at_risk[STABLE])
    state.products = multiplied(state.products, share, side, 1 - side, params)
    state.users[user] = AFFECTED | side
    state.at_risk[side] -= 1
    state.affected[side] += 1
    _look(state, at, params)


def _look(state: State, at: float, params: Params) -> None:
    """Sound the alarm at the very event that reaches the bound, so that it does not matter when one looks."""
    bound = log_bound(state.epoch, params)
    log_e = log_e_value(state.products)
    if params.compare and state.alarm is None and log_e >= bound:
        canary, stable = (state.affected[side] / max(state.seen[side], 1) for side in (CANARY, STABLE))
        state.alarm = Alarm(at, state.epoch, log_e, bound, canary, stable)


def _count(state: State, counts: Counts, params: Params) -> None:
    """Fold totals without users, as if requests were independent. An interval across the epoch's start is left out."""
    canary, stable = counts.canary_good + counts.canary_bad, counts.stable_good + counts.stable_bad
    numbers = (counts.canary_good, counts.canary_bad, counts.stable_good, counts.stable_bad)
    if not all(isfinite(number) for number in (counts.at, *numbers)) or min(numbers) < 0:
        state.odd += 1
        return
    before, state.counted_until = state.counted_until, counts.at
    for side, total in ((CANARY, canary), (STABLE, stable)):
        if total:
            state.newest[side] = max(counts.at, state.newest[side] or counts.at)
    if before is None or before < state.opened or counts.at <= before:
        return
    _roll(state, counts.at)
    if canary and params.threshold:
        state.breach.add(params.threshold, counts.at, canary, counts.canary_bad)
    for side, total, bad in ((CANARY, canary, counts.canary_bad), (STABLE, stable, counts.stable_bad)):
        state.seen[side] += total
        state.affected[side] += bad
        state.at_risk[side] = state.seen[side]
        state.peak[side] = max(state.peak[side], state.seen[side])
    if canary and stable:
        share = canary / (canary + stable)
        state.products = multiplied(state.products, share, counts.canary_bad, counts.stable_bad, params)
        _look(state, counts.at, params)
