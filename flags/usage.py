"""How often which variant was given, and when a key was last used: kept in memory, now and then told the database."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from django.db import connection

from flags.doors import House, Meter
from flags.evaluation import Result

ERROR = "error"
"""Counted as the variant where none came out."""

Place = tuple[int, int, str, bool, date]
"""Flag, environment, variant, asked by name, day (UTC)."""

ADD = """
    INSERT INTO flags_flagusage AS known (flag_id, environment_id, variant, by_name, day, count, last_at)
    SELECT told.*
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::boolean[], %s::date[], %s::bigint[], %s::timestamptz[])
        AS told (flag, environment, variant, by_name, day, count, last_at)
    JOIN flags_flag flag ON flag.id = told.flag
    JOIN core_environment place ON place.id = told.environment
    ORDER BY told.flag, told.environment, told.variant, told.by_name, told.day
    ON CONFLICT (flag_id, environment_id, variant, by_name, day) DO UPDATE
    SET count = known.count + excluded.count, last_at = greatest(known.last_at, excluded.last_at)
"""
"""In one order for every process, so that two never wait for one another in a circle. What is gone is not counted."""

USED = """
    UPDATE flags_flagkey AS key SET last_used_at = told.at
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS told (id, at)
    WHERE key.id = told.id AND (key.last_used_at IS NULL OR key.last_used_at < told.at)
"""


@dataclass
class Tally:
    """What was counted and not yet told. One thread collects and flushes; those that count know nothing of it."""

    total: int = 0
    _retired: list[tuple[float, House]] = field(default_factory=list)
    _untold: dict[Place, tuple[int, datetime]] = field(default_factory=dict)
    _used: dict[int, float] = field(default_factory=dict)
    _told_used: dict[int, float] = field(default_factory=dict)

    def retire(self, houses: Iterable[House]) -> None:
        """They are not served from any more, but a request may be just about to count in one."""
        self._retired += [(time.monotonic(), house) for house in houses]

    def collect(self, houses: Iterable[House], meters: Iterable[tuple[int, Meter]]) -> None:
        """Take over what was counted since the last time."""
        now, retired = datetime.now(UTC), self._retired
        for house in [*houses, *(house for _, house in retired)]:
            self._take(house, now)
        self._retired = [(since, house) for since, house in retired if time.monotonic() - since < 1]
        self._used.update((key, meter.used_at) for key, meter in meters if meter.used_at > self._told_used.get(key, 0))

    def flush(self) -> None:
        """Add it all to the database. Raises what the database raises; then nothing is lost."""
        rows = [(*place, count, at) for place, (count, at) in self._untold.items()]
        with connection.cursor() as cursor:
            if rows:
                cursor.execute(ADD, [list(column) for column in zip(*rows, strict=True)])
                self._untold = {}
            if self._used:
                moments = [datetime.fromtimestamp(at, UTC) for at in self._used.values()]
                cursor.execute(USED, [list(self._used), moments])
                self._told_used.update(self._used)
                self._used = {}

    def _take(self, house: House, now: datetime) -> None:
        snapshot = house.snapshot
        for view in house.views.values():
            view.given.count()
        for key, asked in house.asked.items():
            for by_name, number, count in asked.fresh():
                outcome = asked.outcome(number)
                variant = outcome.variant if isinstance(outcome, Result) else ERROR
                place = (snapshot.ids[key], snapshot.environment_id, variant, by_name, now.date())
                self._untold[place] = (self._untold.get(place, (0, now))[0] + count, now)
                self.total += count
