"""How soon a change is everywhere, and what it costs to wait for one.

The change is made here, by the actions; the applications listen to other processes. The clock starts just before the
commit, so that what PostgreSQL takes for it counts too.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from django.db import connection, transaction

from bench.flags_crowd import Listener, crowd
from bench.flags_process import processor_seconds, resident
from core.models import Environment
from core.weights import FULL
from flags import actions, keys
from flags.choices import KeyKind
from flags.models import Flag
from tests.conftest import FreshDatabase
from tests.flags.serve import serving
from tests.watchers import until

FLAG = "switched"
PATIENCE = 20.0


@dataclass
class Told:
    """Seconds from the commit of each change: until each listener `heard`, until it `got` the new value, until the
    `last` one had.
    """

    heard: list[float] = field(default_factory=list)
    got: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)


@dataclass
class Waiting:
    """What streams cost in a process: bytes for each, processor seconds a second without and with them."""

    streams: int
    memory: float
    alone: float
    idle: float
    opened: float
    told: Told


@dataclass(frozen=True)
class Place:
    """Where the changes are made: a flag of the environment, and a key of each kind."""

    flag: Flag
    environment: Environment
    server_key: str
    client_key: str

    @classmethod
    def make(cls, environment: Environment) -> Place:
        flag = actions.create_flag(product=environment.product, key=FLAG, name="Switched", for_clients=True, actor=None)
        texts = [
            keys.issue_key(environment=environment, kind=kind, name=f"{kind} of the bench", actor=None)[1]
            for kind in (KeyKind.SERVER, KeyKind.CLIENT)
        ]
        return cls(flag, environment, *texts)

    def change(self, on: bool) -> float:
        """To all or to none; just before it was committed. For a thread of its own."""
        try:
            with transaction.atomic():
                actions.set_weight(flag=self.flag, environment=self.environment, weight=FULL if on else 0, actor=None)
                return time.monotonic()
        finally:
            connection.close()


def propagation(database: FreshDatabase, folder: Path, place: Place, changes: int, streams: int) -> Told:
    """Two processes, half of the streams each; half of those show a key, half a ticket."""
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(database.environment, folder)) for _ in range(2)]
        listeners = [
            Listener(servers[number % 2].port, place.client_key, ticket=True)
            if number % 4 < 2
            else Listener(servers[number % 2].port, place.server_key)
            for number in range(streams)
        ]
        return asyncio.run(_propagate(place, listeners, changes))


async def _propagate(place: Place, listeners: Sequence[Listener], changes: int) -> Told:
    told, by = Told(), Random(7)
    async with crowd(listeners):
        for number in range(changes):
            await _tell(place, listeners, number % 2 == 0, told)
            await asyncio.sleep(by.uniform(0.02, 0.2))  # never in step with what servers do every second
    return told


async def _tell(place: Place, listeners: Sequence[Listener], on: bool, told: Told) -> None:
    """One change, until every one that asks has its value and every other has heard of it."""
    for one in listeners:
        one.heard.clear()
        one.got.clear()
    at = await asyncio.to_thread(place.change, on)
    await until(lambda: all(one.had(FLAG, on, at) if one.asks else one.heard for one in listeners), PATIENCE)
    told.heard += [one.heard[0] - at for one in listeners]
    got = [(one.had(FLAG, on, at) or at) - at for one in listeners if one.asks]
    told.got += got
    told.last.append(max(got or [one.heard[0] - at for one in listeners]))


def waiting(database: FreshDatabase, folder: Path, place: Place, streams: int, changes: int, idle: float) -> Waiting:
    """One process; its listeners only listen. `idle`: seconds for which nothing happens."""
    with serving(database.environment, folder) as server:
        pid = server.process.pid
        listeners = [Listener(server.port, place.server_key, asks=False) for _ in range(streams)]

        async def measure() -> Waiting:
            told = Told()
            await asyncio.sleep(1)
            alone, empty = await _busy(pid, idle), resident(pid)
            began = time.monotonic()
            async with crowd(listeners):
                opened = time.monotonic() - began
                full, busy = resident(pid), await _busy(pid, idle)
                for number in range(changes):
                    await _tell(place, listeners, number % 2 == 0, told)
                    await asyncio.sleep(0.2)
            return Waiting(streams, (full - empty) / streams, alone, busy, opened, told)

        return asyncio.run(measure())


async def _busy(pid: int, seconds: float) -> float:
    before, began = processor_seconds(pid), time.monotonic()
    await asyncio.sleep(seconds)
    return (processor_seconds(pid) - before) / (time.monotonic() - began)


def percentile(took: Sequence[float], share: float) -> float:
    """Milliseconds."""
    return sorted(took)[int(len(took) * share)] * 1000


def median(took: Sequence[float]) -> float:
    """Milliseconds."""
    return statistics.median(took) * 1000
