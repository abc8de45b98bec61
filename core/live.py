"""Server-sent events: one LISTEN connection per web process, fanned out in memory to the pages that watch.

A stream carries names only (``{"topic": "release:7", "name": "signed"}``); whoever hears one fetches what it may see.
What happens faster than a page reads is folded into one event per topic, so a slow reader costs nothing.
"""

import asyncio
import json
import logging
import weakref
from collections.abc import Iterable
from typing import Any

import psycopg
from django.db import connections

from core.events import CHANNEL

log = logging.getLogger(__name__)


class Watch:
    """One page's ear: the topics it follows and what it has not been told yet."""

    def __init__(self, topics: Iterable[str]) -> None:
        self.topics = set(topics)
        self._pending: dict[str, str] = {}
        self._bell = asyncio.Event()

    def hear(self, topic: str, name: str) -> None:
        if topic in self.topics:
            self._pending[topic] = name
            self._bell.set()

    def look(self) -> None:
        """Something may have been missed: look at everything again."""
        for topic in self.topics:
            self.hear(topic, "look")

    def forget(self, topics: Iterable[str]) -> None:
        self.topics -= set(topics)

    async def next(self, seconds: float) -> list[tuple[str, str]]:
        """What happened since last asked, at most one per topic; empty after `seconds` of silence."""
        try:
            await asyncio.wait_for(self._bell.wait(), seconds)
        except TimeoutError:
            return []
        self._bell.clear()
        heard, self._pending = self._pending, {}
        return [(topic, name) for topic, name in heard.items() if topic in self.topics]


class Hub:
    """The ears of one event loop. Listens while anybody watches, reconnects, and then tells everybody to look again."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._listening: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()

    def join(self, watch: Watch) -> None:
        self._watches.add(watch)
        if self.ready.is_set():
            watch.look()  # something may have changed between the page's rendering and now
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())

    def leave(self, watch: Watch) -> None:
        self._watches.discard(watch)
        if not self._watches and self._listening:
            self._listening.cancel()
            self._listening = None
            self.ready.clear()

    async def _listen(self) -> None:
        wait = 0.2
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self.ready.set()
                    wait = 0.2
                    self._tell_all()
                    async for note in connection.notifies():
                        self._tell(note.payload)
            except (psycopg.Error, OSError, ValueError) as error:
                log.warning("live events: PostgreSQL is gone (%s); trying again in %.1f s", error, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 10)

    def _tell(self, payload: str) -> None:
        topic, name = json.loads(payload)
        for watch in list(self._watches):
            watch.hear(topic, name)

    def _tell_all(self) -> None:
        for watch in list(self._watches):
            watch.look()


_hubs: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = weakref.WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


def _parameters() -> dict[str, Any]:
    settings = connections["default"].settings_dict
    named = {
        "dbname": settings["NAME"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "host": settings["HOST"],
        "port": settings["PORT"],
        "application_name": "slipway live",
    }
    return {key: value for key, value in named.items() if value}
