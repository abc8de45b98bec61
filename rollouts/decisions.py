"""What `rollouts.rules` can decide, and about which KPI. Pure data."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rollouts.judge.types import Kind


@dataclass(frozen=True, kw_only=True)
class KpiFact:
    """One KPI's verdict, with what its plan says to do about it.

    `judged`: False where nothing can judge it (a comparison at 100 %, with nobody left on stable): its data must be
    there all the same. `convicts`: a failure is proof enough to roll back. `numbers`: what to remember of a failure.
    """

    name: str
    kind: Kind
    reason: str
    since: datetime | None = None
    judged: bool = True
    convicts: bool = True
    users: int = 0
    breach_rolls_back: bool = True
    no_data_after: timedelta = timedelta(minutes=10)
    no_data_rolls_back: bool = False
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def is_fine(self) -> bool:
        return self.kind is Kind.PASS or (not self.judged and self.kind is Kind.INCONCLUSIVE)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What to do, why, and when something is expected to change (None: when somebody does something)."""

    reasons: tuple[str, ...]
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Advance(Decision):
    """Write the weight of `step`."""

    step: int


@dataclass(frozen=True, kw_only=True)
class Hold(Decision):
    """Growth stops; it lifts itself when the cause is gone."""


@dataclass(frozen=True, kw_only=True)
class Pause(Decision):
    """Growth stops until a named person decides."""


@dataclass(frozen=True, kw_only=True)
class RollBack(Decision):
    """Everybody back. `kpi` is the one that shows the harm."""

    kpi: KpiFact


@dataclass(frozen=True, kw_only=True)
class Watch(Decision):
    """Everyone has it and it baked: the rollback window begins."""


@dataclass(frozen=True, kw_only=True)
class Complete(Decision):
    """The rollback window is over and everything was fine."""


@dataclass(frozen=True, kw_only=True)
class Wait(Decision):
    """All is well; time has to pass."""


@dataclass(frozen=True, kw_only=True)
class NextAction:
    """What happens next by itself: `verb` is advance, watch, complete or none; `weight` where it leads; `at` the
    earliest moment (None: unknown); `waits_for` what stands in its way now.
    """

    verb: str
    weight: int
    at: datetime | None
    waits_for: tuple[str, ...] = ()
