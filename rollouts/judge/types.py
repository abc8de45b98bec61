"""What goes into the judge and what comes out. Times are unix seconds, handed in: nothing here reads a clock."""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Which of the two versions served a request."""

    CANARY = "canary"
    STABLE = "stable"


class Kind(StrEnum):
    """What the judge says of a KPI. Only PASS may let a rollout grow."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NO_DATA = "no_data"


class Basis(StrEnum):
    """What one piece of evidence is: a user (can roll back on comparison) or a bare request count (cannot)."""

    USERS = "users"
    COUNTERS = "counters"


@dataclass(frozen=True, slots=True)
class Observation:
    """One request of one user: who (a 64-bit hash), on which side, when it ended, and whether it was bad for them.

    Where less is bad (`Params.less_is_bad`, for example purchases), `bad` marks the wanted event instead.
    """

    user: int
    side: Side
    at: float
    bad: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests counted without users since the reading before, by side, up to the time `at`."""

    at: float
    canary_good: int = 0
    canary_bad: int = 0
    stable_good: int = 0
    stable_bad: int = 0


@dataclass(frozen=True, slots=True)
class Threshold:
    """An absolute limit on the canary's value (a share, 0 to 1), breached when exceeded for `breach_seconds` on end.

    `above=False` turns it round: the value must not fall below the limit. A stretch of time counts only once it
    holds `min_volume` requests to the canary; one with fewer neither breaches nor heals.
    """

    limit: float
    above: bool = True
    breach_seconds: float = 60.0
    min_volume: int = 20


@dataclass(frozen=True, slots=True)
class Params:
    """What a KPI asks for and where its rollout stands.

    `since`: when the weight now in force was confirmed by the router; a new value restarts the evidence.
    `warm_until`: what happened before this time is left out (cold caches of a fresh instance).
    `alpha`: the chance that a healthy rollout is stopped by any of its `kpis`, which share it equally.
    `tolerance`: 0.1 accepts up to 1.1 times the hazard of stable before anything counts as harm.
    `min_users`: seen on each side (for counters: requests) in this epoch before the comparison may pass.
    `stale_after`: seconds without a request on a side after which there is no data.
    """

    since: float
    warm_until: float = 0.0
    grace: float = 5.0
    alpha: float = 0.05
    kpis: int = 1
    tolerance: float = 0.0
    less_is_bad: bool = False
    min_users: int = 20
    stale_after: float = 60.0
    threshold: Threshold | None = None
    compare: bool = True
    basis: Basis = Basis.USERS

    @property
    def start(self) -> float:
        """When evidence under this weight begins to count: requests in flight at the change are left out."""
        return max(self.since + self.grace, self.warm_until)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says, why, and the numbers behind it.

    `canary` and `stable` are shares between 0 and 1 (of users affected in this epoch, or of requests), None if unknown.
    `e_value` and `bound`: evidence of harm, and the level at which it is proof enough. `since`: when this became so.
    `canary_users` and `stable_users`: the most different ones seen in any one epoch at this weight.
    `may_roll_back`: False for comparisons of bare counters, which may only hold or pause.
    """

    kind: Kind
    reason: str
    e_value: float
    bound: float
    canary: float | None
    stable: float | None
    since: float | None
    canary_users: int = 0
    stable_users: int = 0
    may_roll_back: bool = False
