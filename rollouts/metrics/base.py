"""What a metric source is: something that can be read again and again from where the reader left off."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rollouts.judge.types import Basis, Counts, Observation


@dataclass(frozen=True, slots=True)
class Query:
    """What one KPI asks of a source.

    `canary` and `stable` name the two sides as the source names them (for Envoy: clusters). A request is bad if its
    status is at least `bad_status` (0: status does not matter) or it took longer than `slow_ms` (0: time does not
    matter). `options` is for what only one kind of source understands; a source refuses names it does not know.
    """

    canary: str
    stable: str
    bad_status: int = 500
    slow_ms: float = 0.0
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Query":
        """From a KPI's stored query. Raises ValueError naming the field that is missing, unknown or of a wrong type."""
        kinds: dict[str, type | tuple[type, ...]] = {
            "canary": str,
            "stable": str,
            "bad_status": int,
            "slow_ms": (int, float),
            "options": dict,
        }
        for name, value in data.items():
            if name not in kinds:
                raise ValueError(f"A query has no field {name!r}.")
            if not isinstance(value, kinds[name]) or isinstance(value, bool):
                raise ValueError(f"The query's {name!r} cannot be {value!r}.")
        for name in ("canary", "stable"):
            if not data.get(name):
                raise ValueError(f"The query must name its {name!r} side.")
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was new since `cursor`. Fold it and store the new cursor in one step, or do neither.

    `newest_at`: unix seconds of the newest thing the source knows of, None if it knows nothing.
    `problem`: one sentence when the source could not be read (an outage is a reason to hold, never to roll back).
    `skipped`: lines or samples that made no sense; counted, never fatal.
    `more`: there is unread data left behind the bound on one read; ask again with the new cursor.
    """

    cursor: str
    newest_at: float | None = None
    observations: tuple[Observation, ...] = ()
    counts: Counts | None = None
    problem: str = ""
    skipped: int = 0
    more: bool = False


class MetricSource(Protocol):
    """Reads users' experiences, or counters. Never called while a transaction is open."""

    basis: Basis

    def read(self, query: Query, cursor: str) -> Reading:
        """Everything new since `cursor` ("" on the first call), at most one bounded portion of it.

        Idempotent: the same cursor gives the same data again, or more of it. Never raises for an outage:
        the reading then has a `problem` and the old cursor.
        """
        ...

    def refusals(self, query: Query) -> tuple[str, ...]:
        """Why this source cannot answer `query`, one sentence per unsupported wish; empty when it can."""
        ...

    def describe(self) -> str:
        """Where the numbers come from, for people, in a few words."""
        ...
