"""The shipped fold for thousands of runs at once: `tests/bench` holds both to the same alarms on the same traffic.

It takes its numbers (hazard ratios, bounds, tilt, length of an epoch, grace) from the judge and repeats only the
folding. The judge looks at nothing of a user but the first request and the first bad one of an epoch, and requests of
one user are a Poisson stream, so these two moments are drawn directly instead of every request.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.traffic import Floats, Users
from rollouts.judge.evidence import EPOCH_SECONDS, HAZARD_RATIOS, log_bound, tilted
from rollouts.judge.types import Params

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Phase:
    """A weight (0 to 1), the second it is confirmed, and when it ends."""

    weight: float
    since: float
    until: float


@dataclass(frozen=True)
class Harm:
    """What multiplies the canary's failure rates, and from when on."""

    factor: float = 1.0
    since: float = 0.0


@dataclass(frozen=True)
class Drawn:
    """First request and first bad request of every user in one epoch, seconds since it opened; inf: none."""

    first: Floats
    bad: Floats


def draw(users: Users, phase: Phase, opened: float, length: float, harm: Harm, rng: np.random.Generator) -> Drawn:
    """An epoch's traffic: first bad and first good request are independent, exponential with a rate that may change."""
    change = min(max(harm.since - opened, 0.0), length)
    after = users.harmed(phase.weight, harm.factor)
    bad = _first(rng, users.activity * users.rate, users.activity * after, change)
    good = _first(rng, users.activity * (1 - users.rate), users.activity * (1 - after), change)
    first = np.minimum(bad, good)
    return Drawn(np.where(first < length, first, np.inf), np.where(bad < length, bad, np.inf))


def _first(rng: np.random.Generator, before: Floats, after: Floats, change: float) -> Floats:
    needed = rng.exponential(size=before.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        late = change + (needed - before * change) / after
        return np.where(needed < before * change, needed / before, late)


def alarms_of_epoch(drawn: Drawn, carried: Bools, canary: Bools, bound: float, params: Params) -> Floats:
    """When each run's evidence first reaches `bound`, seconds since the epoch opened; inf: not in this epoch."""
    runs, count = carried.shape
    entries = np.where(carried, 0.0, drawn.first)
    times = np.concatenate([entries, drawn.bad], axis=1)
    order = np.argsort(times, axis=1, kind="stable")
    sides = np.take_along_axis(np.concatenate([canary, canary], axis=1), order, axis=1)
    is_event = order >= count
    step = np.where(is_event, -1, 1)
    on_canary = np.cumsum(step * sides, axis=1) - step * sides
    at_risk = np.cumsum(step, axis=1) - step
    times = np.take_along_axis(times, order, axis=1)
    row, column = np.nonzero(is_event & np.isfinite(times))
    alarms = np.full(runs, np.inf)
    if row.size:
        share = on_canary[row, column] / at_risk[row, column]
        log_e = _log_e_values(row, sides[row, column], share, params)
        reached = np.flatnonzero(log_e >= bound)
        np.minimum.at(alarms, row[reached], times[row, column][reached])
    return alarms


def _log_e_values(row: NDArray[np.intp], canary: Bools, share: Floats, params: Params) -> Floats:
    """The log e-value after each event; events stand one after the other, run by run, in order of time."""
    if params.less_is_bad:
        raise ValueError("the bench simulates bad events only")
    share = np.vectorize(lambda one: tilted(one, params))(share) if params.tolerance else share
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    products = []
    for ratio in HAZARD_RATIOS:
        running = np.cumsum(canary * np.log(ratio) - np.log1p(share * (ratio - 1)))
        before = np.concatenate([[0.0], running])[starts]
        products.append(running - np.repeat(before, np.diff(np.append(starts, row.size))))
    stacked = np.stack(products)
    top = stacked.max(axis=0)
    return np.asarray(top + np.log(np.exp(stacked - top).mean(axis=0)))


def alarms(
    users: Users, phases: list[Phase], harm: Harm, params: Params, rng: np.random.Generator, first_epoch: int = 1
) -> Floats:
    """When each run sounds its alarm, seconds; inf: never. `first_epoch` is the number of the first epoch drawn."""
    found = np.full(len(users.activity), np.inf)
    epoch = first_epoch
    for phase in phases:
        canary = users.on_canary(phase.weight)
        carried = np.zeros_like(canary)
        opened = phase.since + params.grace
        while opened < phase.until:
            length = min(EPOCH_SECONDS, phase.until - opened)
            drawn = draw(users, phase, opened, length, harm, rng)
            reached = alarms_of_epoch(drawn, carried, canary, log_bound(epoch, params), params)
            found = np.minimum(found, opened + reached)
            carried = np.isfinite(drawn.first)
            opened += EPOCH_SECONDS
            epoch += 1
    return found
