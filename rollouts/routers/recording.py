"""A router that moves nothing and remembers everything: for tests, examples and histories.

With `file` it keeps what it was told in JSON on disk, so that processes share it and a killed one loses nothing.
"""

import fcntl
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rollouts.routers.base import TIMEOUT, Change, Place, Reading, RouterError

_MEMORY: dict[str, dict[str, Any]] = {}
"""By name, so that each `get(alias)` finds the same recording again."""


class RecordingRouter:
    """`name` tells recordings in memory apart; `down` makes it fail as an unreachable router does; `slow` seconds pass
    before it answers (never more than the caller's timeout, and then it fails).
    """

    forgets = True

    def __init__(self, name: str = "recording", file: str = "", down: bool = False, slow: float = 0.0) -> None:
        self.name, self.file, self.down, self.slow = name, Path(file) if file else None, down, slow

    def refusals(self, places: Sequence[Place], weights: Sequence[int]) -> tuple[str, ...]:
        return ()

    def send(self, changes: Sequence[Change], *, timeout: float = TIMEOUT) -> Mapping[str, str]:
        self._answer(timeout)

        def note(content: dict[str, Any]) -> None:
            for change in changes:
                key = f"{change.place.environment}/{change.place.key}"
                content["weights"][key] = change.weight
                content["sent"].append([key, change.weight, change.fence, time.time()])

        self._change(note)
        return {}

    def read(self, places: Sequence[Place], *, timeout: float = TIMEOUT) -> Mapping[str, Reading]:
        self._answer(timeout)
        weights = self.content()["weights"]
        return {place.key: Reading(weight=weights.get(f"{place.environment}/{place.key}", 0)) for place in places}

    def describe(self) -> str:
        return "a recording"

    def content(self) -> dict[str, Any]:
        """`weights` by ``environment/key``, and `sent`: all it was told, as [where, weight, fence, unix time]."""
        if self.file is None:
            return _MEMORY.setdefault(self.name, {"weights": {}, "sent": []})
        try:
            found: dict[str, Any] = json.loads(self.file.read_text())
        except FileNotFoundError:
            found = {"weights": {}, "sent": []}
        return found

    def forget(self) -> None:
        """Lose every weight, as a restarted proxy does; what was sent stays on record."""
        self._change(lambda content: content["weights"].clear())

    def _answer(self, timeout: float) -> None:
        time.sleep(min(self.slow, timeout))
        if self.down or self.slow > timeout:
            raise RouterError("The recording does not answer.")

    def _change(self, change: Callable[[dict[str, Any]], None]) -> None:
        if self.file is None:
            change(self.content())
            return
        with self.file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = self.content()
            change(content)
            draft = self.file.with_suffix(".new")
            draft.write_text(json.dumps(content))
            draft.replace(self.file)
