"""Server-sent events: one LISTEN connection per web process, fanned out in memory to the pages that watch.

A stream carries names only (``{"topic": "release:7", "name": "signed"}``); whoever hears one fetches what it may see.
What happens faster than a page reads is folded into one event per topic, so a slow reader costs nothing.
"""

import asyncio
import json
import logging
import time
import weakref
from collections.abc import Iterable
from typing import Any

import psycopg
from django.db import connections

from core.events import CHANNEL

log = logging.getLogger(__name__)


WIDE = ("product:", "release:", "rollout:")
"""Kinds of topics of which `mine:<id>`, "whatever changes for this person", is made."""
QUIET = {"measured", "slot_observed"}
"""What happens every second while a rollout runs: the page that shows it hears it, nobody else."""
MOST = 16
"""Pages that one person may keep open per web process; beyond, the one opened first goes silent and says so."""
REMEMBERED = 10_000


def is_wide(topic: str, name: str) -> bool:
    return topic.startswith(WIDE) and name not in QUIET


class Watch:
    """One page's ear: the topics it follows and what it has not been told yet.

    Who follows `mine:<id>` hears of everything wide; whether the person may, is asked before it is told.
    """

    def __init__(self, topics: Iterable[str], person: int = 0) -> None:
        self.topics = set(topics)
        self.person = person
        self.crowded = False
        self._pending: dict[str, str] = {}
        self._bell = asyncio.Event()

    @property
    def mine(self) -> str:
        """The topic of the person who watches, if this page follows it."""
        own = f"mine:{self.person}"
        return own if own in self.topics else ""

    def hear(self, topic: str, name: str) -> None:
        if topic in self.topics or (self.mine and is_wide(topic, name)):
            self._pending[topic] = name
            self._bell.set()

    def look(self) -> None:
        """Something may have been missed: look at everything again."""
        for topic in self.topics:
            self.hear(topic, "look")

    def forget(self, topics: Iterable[str]) -> None:
        self.topics -= set(topics)

    def crowd_out(self) -> None:
        self.crowded = True
        self._bell.set()

    async def next(self, seconds: float) -> list[tuple[str, str]]:
        """What happened since last asked, at most one per topic; empty after `seconds` of silence."""
        try:
            await asyncio.wait_for(self._bell.wait(), seconds)
        except TimeoutError:
            return []
        self._bell.clear()
        heard, self._pending = self._pending, {}
        return list(heard.items())


class Hub:
    """The ears of one event loop. Listens while anybody watches, reconnects, and then tells everybody to look again.

    `asking` bounds how many permissions are looked up at once, however many pages hear of one event.
    """

    def __init__(self) -> None:
        self._watches: dict[Watch, None] = {}  # in the order in which they came
        self._listening: asyncio.Task[None] | None = None
        self._known_from = 0.0
        self._last: dict[str, float] = {}
        self._last_wide = 0.0
        self.ready = asyncio.Event()
        self.asking = asyncio.Semaphore(4)

    def join(self, watch: Watch, since: float = 0) -> None:
        """`since`, in seconds of the epoch: when the page was made. What changed after that is told at once."""
        theirs = [one for one in self._watches if one.person == watch.person and not one.crowded]
        if watch.person and len(theirs) >= MOST:
            theirs[0].crowd_out()
        self._watches[watch] = None
        if self.ready.is_set() and not self._is_current(watch, since):
            watch.look()
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())

    def leave(self, watch: Watch) -> None:
        self._watches.pop(watch, None)
        if not self._watches and self._listening:
            self._listening.cancel()
            self._listening = None
            self.ready.clear()

    def _is_current(self, watch: Watch, since: float) -> bool:
        """Whether nothing that `watch` follows has changed after `since`, as far as is known here."""
        if since < self._known_from or (watch.mine and self._last_wide >= since):
            return False
        return all(self._last.get(topic, 0) < since for topic in watch.topics)

    async def _listen(self) -> None:
        wait = 0.2
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._known_from, self._last = time.time(), {}
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
        self._remember(topic, name)
        for watch in list(self._watches):
            watch.hear(topic, name)

    def _remember(self, topic: str, name: str) -> None:
        now = time.time()
        if len(self._last) >= REMEMBERED:
            self._known_from, self._last = now, {}
        self._last[topic] = now
        if is_wide(topic, name):
            self._last_wide = now

    def _tell_all(self) -> None:
        for watch in list(self._watches):
            watch.look()


_hubs: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = weakref.WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


_PATIENCE = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
"""A line that died without a word (a fail-over, a forgotten NAT entry) is noticed within half a minute."""


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
    return {**_PATIENCE, **{key: value for key, value in named.items() if value}}
