"""Absolute limits: has the canary's value been beyond one for long enough, in time that had enough traffic?"""

from dataclasses import dataclass, field
from typing import Any

from rollouts.judge.types import Threshold

WINDOW_SECONDS = 10.0
"""A stretch is judged once it is this long and holds enough requests; silence counts for at most this much of it."""
FORGET_AFTER = 300.0
"""An unfinished stretch is dropped after so many seconds of silence."""


@dataclass(slots=True)
class Breach:
    """How long the limit has been breached on end, and the stretch being filled now.

    `held`: seconds of breach so far; `since`: when it began; `value`: of the last stretch judged, None before one.
    """

    held: float = 0.0
    since: float | None = None
    value: float | None = None
    last: float | None = None
    opened: float = 0.0
    length: float = 0.0
    requests: int = 0
    bad: int = 0
    users: dict[int, bool] = field(default_factory=dict)

    def copy(self) -> "Breach":
        """An independent copy."""
        return Breach(**{**{name: getattr(self, name) for name in self.__slots__}, "users": dict(self.users)})

    def add(self, limit: Threshold, at: float, requests: int, bad: int, user: int | None = None) -> None:
        """Count requests that ended at `at`. With `user` the stretch's value is a share of users, else of requests."""
        if self.last is not None and at - self.last > FORGET_AFTER:
            self._clear()
            self.last = None
        if self.requests == 0:
            self.opened = at
        if self.last is not None:
            self.length += min(max(at - self.last, 0.0), WINDOW_SECONDS)
        self.last = at if self.last is None else max(at, self.last)
        self.requests += requests
        self.bad += bad
        if user is not None:
            self.users[user] = self.users.get(user, False) or bad > 0
        if self.requests >= max(limit.min_volume, 1) and self.length >= WINDOW_SECONDS:
            self._judge(limit)

    def _judge(self, limit: Threshold) -> None:
        self.value = sum(self.users.values()) / len(self.users) if self.users else self.bad / self.requests
        if self.value > limit.limit if limit.above else self.value < limit.limit:
            self.since = self.opened if self.since is None else self.since
            self.held += self.length
        else:
            self.since, self.held = None, 0.0
        self._clear()

    def _clear(self) -> None:
        self.length, self.requests, self.bad, self.users = 0.0, 0, 0, {}

    def broken(self, limit: Threshold) -> bool:
        """Whether the limit has been breached for as long as it takes."""
        return self.since is not None and self.held >= limit.breach_seconds

    def dump(self) -> dict[str, Any]:
        """As JSON values; a user is marked by a pair of its number and whether it was bad."""
        return {**{name: getattr(self, name) for name in self.__slots__}, "users": sorted(self.users.items())}

    @classmethod
    def load(cls, data: dict[str, Any]) -> "Breach":
        """From what `dump` gave."""
        return cls(**{**data, "users": {int(user): bool(bad) for user, bad in data["users"]}})
