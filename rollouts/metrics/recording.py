"""Plays back a list of readings and remembers what it was asked: for tests and examples."""

from collections.abc import Sequence
from dataclasses import replace

from rollouts.judge.types import Basis
from rollouts.metrics.base import Query, Reading


class RecordingSource:
    """Gives the n-th of `readings` for the cursor "n" ("" is the first), then nothing new.

    `calls` is what was asked. A reading with a problem keeps its cursor, so it is given again until it is replaced.
    """

    def __init__(self, readings: Sequence[Reading] = (), basis: str = Basis.USERS) -> None:
        self.readings = list(readings)
        self.basis = Basis(basis)
        self.calls: list[tuple[Query, str]] = []

    def read(self, query: Query, cursor: str) -> Reading:
        self.calls.append((query, cursor))
        position = int(cursor or 0)
        if position >= len(self.readings):
            newest = [reading.newest_at for reading in self.readings if reading.newest_at is not None]
            return Reading(cursor=cursor, newest_at=max(newest, default=None))
        reading = self.readings[position]
        if reading.problem:
            return replace(reading, cursor=cursor)
        return replace(reading, cursor=str(position + 1), more=position + 1 < len(self.readings))

    def refusals(self, query: Query) -> tuple[str, ...]:
        return tuple(f"A recording knows no option {name!r}." for name in sorted(query.options))

    def describe(self) -> str:
        return "a recording"
