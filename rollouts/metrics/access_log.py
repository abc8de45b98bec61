"""Envoy's JSON access log: what each user met, request by request.

A line is an object with `time` (ISO 8601, when the request began), `user`, `cluster`, `status` and `duration_ms`.
Requests without a user say nothing about users and are left out; so are those of clusters on neither side.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import blake2b
from math import isfinite
from pathlib import Path
from typing import Any

import orjson

from rollouts.judge.types import Basis, Observation, Side
from rollouts.metrics.base import Query, Reading
from rollouts.metrics.logfile import Place, Portion, read_portion

FUTURE_SECONDS = 3600.0
"""A line dated later than this from now is garbage: it would make everything after it look late."""


class AccessLogSource:
    """Reads `path`, at most `max_bytes` at a time; `salt` keys the hash that stands for a user."""

    basis = Basis.USERS

    def __init__(
        self, path: str, max_bytes: int = 4 << 20, salt: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self.path = Path(path)
        self.max_bytes = max_bytes
        self.salt = salt.encode()[:64]
        self.clock = clock

    def read(self, query: Query, cursor: str) -> Reading:
        stored: dict[str, Any] = json.loads(cursor) if cursor else {}
        newest: float | None = stored.get("newest")
        try:
            portion = read_portion(self.path, Place(**stored["place"]) if stored else None, self.max_bytes)
        except OSError as error:
            return Reading(cursor, newest, problem=f"The access log cannot be read: {error.strerror}.")
        return self._reading(query, portion, newest)

    def _reading(self, query: Query, portion: Portion, newest: float | None) -> Reading:
        sides = {query.canary: Side.CANARY, query.stable: Side.STABLE}
        observations: list[Observation] = []
        skipped = 0
        for line in portion.lines:
            try:
                observation = self._observation(query, sides, line)
            except (ValueError, TypeError, KeyError):
                skipped += 1
                continue
            if observation:
                observations.append(observation)
                newest = observation.at if newest is None else max(newest, observation.at)
        return Reading(
            cursor=json.dumps({"place": asdict(portion.place), "newest": newest}),
            newest_at=newest,
            observations=tuple(observations),
            problem="The log was rotated away before it was read to its end." if portion.lost else "",
            skipped=skipped,
            more=portion.more,
        )

    def _observation(self, query: Query, sides: dict[str, Side], line: bytes) -> Observation | None:
        """What the line tells of a user, None if nothing. Raises ValueError, TypeError or KeyError for garbage."""
        entry = orjson.loads(line)
        began = datetime.fromisoformat(entry["time"])
        status, duration = int(entry["status"]), float(entry["duration_ms"])
        if began.tzinfo is None:
            began = began.replace(tzinfo=UTC)
        at = began.timestamp() + duration / 1000
        if not isfinite(at) or duration < 0 or at > self.clock() + FUTURE_SECONDS:
            raise ValueError("a time that cannot be")
        side, user = sides.get(entry["cluster"]), entry["user"]
        if side is None or not user or user == "-":
            return None
        bad = 0 < query.bad_status <= status or 0 < query.slow_ms < duration
        return Observation(self._hash(str(user)), side, at, bad)

    def _hash(self, user: str) -> int:
        return int.from_bytes(blake2b(user.encode(), digest_size=8, key=self.salt).digest(), "big")

    def refusals(self, query: Query) -> tuple[str, ...]:
        refused = [f"An access log knows no option {name!r}." for name in sorted(query.options)]
        if query.canary == query.stable:
            refused.append("Canary and stable are the same cluster.")
        if query.bad_status <= 0 and query.slow_ms <= 0:
            refused.append("Neither a status nor a duration makes a request bad.")
        return tuple(refused)

    def describe(self) -> str:
        return f"access log {self.path.name}"
