"""Waiting for changes that the holder's thread brings: the event loops' side of `Holder.listeners`."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Set

from flags import serving
from flags.doors import Door
from flags.ofrep.wire import Scope, asked_for

PATIENCE_SECONDS = 1.0
"""For a version that an event told of and this process does not hold yet: another one was quicker."""


class Bells:
    """One event loop's ears: who waits for a change of which environment."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.leaving = False
        self._loop = loop
        self._waiting: dict[int, set[asyncio.Future[None]]] = {}
        serving.holder.listeners.append(self._heard)

    async def change(self, environment: int, seconds: float, gone: asyncio.Future[None] | None = None) -> None:
        """Until something changed there, `seconds` have passed, or `gone` is done."""
        bell: asyncio.Future[None] = self._loop.create_future()
        waiting = self._waiting.setdefault(environment, set())
        waiting.add(bell)
        timer = self._loop.call_later(max(0.0, seconds), _ring, bell)

        def ring(_: object) -> None:
            _ring(bell)

        if gone is not None:
            gone.add_done_callback(ring)
        try:
            await bell
        finally:
            timer.cancel()
            waiting.discard(bell)
            if gone is not None:
                gone.remove_done_callback(ring)

    def leave(self) -> None:
        """The process ends: nobody waits any more."""
        self.leaving = True
        self._tell(set(self._waiting))

    def _heard(self, changed: Set[int]) -> None:
        """In the holder's thread."""
        try:
            self._loop.call_soon_threadsafe(self._tell, changed)
        except RuntimeError:  # the loop has ended
            serving.holder.listeners.remove(self._heard)

    def _tell(self, changed: Set[int]) -> None:
        for environment in changed:
            for bell in self._waiting.pop(environment, set()):
                _ring(bell)


def _ring(bell: asyncio.Future[None]) -> None:
    if not bell.done():
        bell.set_result(None)


_bells: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Bells] = weakref.WeakKeyDictionary()


def bells() -> Bells:
    """Those of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _bells.get(loop)
    if found is None:
        found = _bells[loop] = Bells(loop)
    return found


def named(scope: Scope, door: Door) -> int:
    """The version in ``flagConfigEtag``, if an event of this environment told of one; else 0."""
    if not scope.get("query_string"):
        return 0
    environment, _, version = asked_for("flagConfigEtag", scope).strip('"').partition(".")
    known = environment == str(door.view.environment_id) and version.isascii() and version.isdigit()
    return int(version[:18]) if known else 0


async def of(version: int, door: Door) -> None:
    """Until this process holds that version, for at most a second."""
    ears, until = bells(), time.monotonic() + PATIENCE_SECONDS
    environment = door.view.environment_id
    while (left := until - time.monotonic()) > 0:
        house = serving.holder.houses.get(environment)
        if house is None or house.snapshot.version >= version:
            return
        await ears.change(environment, left)
