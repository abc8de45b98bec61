"""Traffic for the bench: users with activities and failure rates, split anew for each run.

Independent users are all alike; of the unlucky ones 1 % fail at 30 %; beta ones differ in failure rate (an intra-class
correlation of 0.05) and in activity (log-normal, σ = 1). With retries each failure is followed by four more of the same
user, which changes nothing for a judge that looks at first failures; that it does not is tested with real retries.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """One line of the table: how much traffic of what sort, looked at how often."""

    per_minute: int
    population: str
    look: float

    @property
    def name(self) -> str:
        return f"{self.per_minute}/min {self.population} {self.look:.0f}s"


POPULATIONS = ("independent", "unlucky", "beta", "retries")
BASE_RATE = {100: 0.05, 600: 0.03, 6000: 0.005}


def cells() -> list[Cell]:
    """All 24."""
    return [Cell(rate, population, look) for rate in BASE_RATE for population in POPULATIONS for look in (1.0, 10.0)]


@dataclass(frozen=True)
class Users:
    """Rows are runs, columns users: requests a second, chance that one is bad, and position in the split (0 to 1)."""

    activity: Floats
    rate: Floats
    position: Floats

    def on_canary(self, weight: float) -> NDArray[np.bool_]:
        """Who is routed to the canary at `weight` (0 to 1): growing, nobody who had it loses it."""
        return self.position < weight

    def harmed(self, weight: float, factor: float) -> Floats:
        """Failure rates with the canary's users' multiplied by `factor`."""
        return np.where(self.on_canary(weight), np.minimum(self.rate * factor, 1.0), self.rate)


def users(cell: Cell, runs: int, rng: np.random.Generator) -> Users:
    """The users of `runs` runs, each split anew."""
    count = user_count(cell)
    shape = (runs, count)
    base = BASE_RATE[cell.per_minute]
    activity, rate = np.ones(shape), np.full(shape, base)
    if cell.population == "unlucky":
        rate[:, : count // 100] = 0.3
    if cell.population == "beta":
        activity = rng.lognormal(0.0, 1.0, shape)
        concentration = 1 / 0.05 - 1  # an intra-class correlation of 0.05
        rate = rng.beta(base * concentration, (1 - base) * concentration, shape)
    activity *= cell.per_minute / 60 / activity.sum(axis=1, keepdims=True)
    return Users(activity, rate, rng.random(shape))


def user_count(cell: Cell) -> int:
    """300 where the cell says so, else as many as requests a minute, at least 1000."""
    return 300 if cell.population == "unlucky" else max(1000, cell.per_minute)
