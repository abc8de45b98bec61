"""What the judge remembers of one KPI between folds: small, JSON-serialisable, and replaced as a whole."""

from array import array
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from rollouts.judge.evidence import NOTHING_YET
from rollouts.judge.threshold import Breach
from rollouts.judge.types import Params

STABLE, CANARY = 0, 1
EXPECTED, SEEN, AFFECTED, GONE = 0, 2, 4, 6
"""A user's standing in this epoch, plus its side: at risk from before, at risk and seen, affected, changed sides."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """The moment the evidence reached its bound. It stands until a person looked (`acknowledged`)."""

    at: float
    epoch: int
    log_e: float
    log_bound: float
    canary: float
    stable: float


@dataclass(slots=True)
class State:
    """Everything folded so far. `origin` is the start of evidence under this weight, `opened` that of this epoch.

    Lists are indexed by side: [stable, canary]. `thin` halves the users looked at, chosen by their hash, once per step:
    an independent sample is as valid, and keeps the state of a large service small.
    """

    version: ClassVar[int] = 1
    origin: float | None = None
    epoch: int = 0
    opened: float = 0.0
    products: tuple[float, ...] = NOTHING_YET
    users: dict[int, int] = field(default_factory=dict)
    at_risk: list[int] = field(default_factory=lambda: [0, 0])
    seen: list[int] = field(default_factory=lambda: [0, 0])
    affected: list[int] = field(default_factory=lambda: [0, 0])
    peak: list[int] = field(default_factory=lambda: [0, 0])
    newest: list[float | None] = field(default_factory=lambda: [None, None])
    counted_until: float | None = None
    thin: int = 0
    odd: int = 0
    alarm: Alarm | None = None
    breach: Breach = field(default_factory=Breach)

    def is_under(self, params: Params) -> bool:
        """Whether the evidence was gathered under this weight. A millisecond's difference is a rounding of the time."""
        return self.origin is not None and abs(self.origin - params.start) < 0.001

    def copy(self) -> "State":
        """An independent copy, so that a fold never changes what it was given."""
        return replace(
            self,
            users=dict(self.users),
            at_risk=list(self.at_risk),
            seen=list(self.seen),
            affected=list(self.affected),
            peak=list(self.peak),
            newest=list(self.newest),
            breach=self.breach.copy(),
        )

    def dump(self) -> dict[str, Any]:
        """As JSON values; users are packed eight bytes each."""
        if self.epoch == 0 and self.newest == [None, None] and not self.odd:
            return {}
        plain = ("origin", "epoch", "opened", "at_risk", "seen", "affected", "peak", "newest", "counted_until")
        alarm = self.alarm
        return {
            "v": self.version,
            **{name: getattr(self, name) for name in (*plain, "thin", "odd")},
            "products": list(self.products),
            "users": _packed(self.users),
            "alarm": alarm and {name: getattr(alarm, name) for name in alarm.__slots__},
            "breach": self.breach.dump(),
        }

    @classmethod
    def load(cls, data: Mapping[str, Any] | None) -> "State":
        """From what `dump` gave, or a fresh state from nothing. Raises ValueError for a version it does not know."""
        if not data:
            return cls()
        if data["v"] != cls.version:
            raise ValueError(f"judge state of version {data['v']}, expected {cls.version}")
        rest = {name: value for name, value in data.items() if name != "v"}
        rest["products"] = tuple(data["products"])
        rest["users"] = _unpacked(data["users"])
        rest["alarm"] = Alarm(**data["alarm"]) if data["alarm"] else None
        rest["breach"] = Breach.load(data["breach"])
        return cls(**rest)


def _packed(users: Mapping[int, int]) -> dict[str, str]:
    groups: dict[int, array[int]] = {}
    for user in sorted(users):
        groups.setdefault(users[user], array("Q")).append(user)
    return {str(code): b64encode(group.tobytes()).decode() for code, group in sorted(groups.items())}


def _unpacked(groups: Mapping[str, str]) -> dict[int, int]:
    users: dict[int, int] = {}
    for code, text in groups.items():
        group = array("Q")
        group.frombytes(b64decode(text))
        users.update(dict.fromkeys(group, int(code)))
    return users
