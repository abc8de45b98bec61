"""A crowd in front of one live rollout: each hears of a change, and fetches what slipway.js would."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from django.db import connection
from django.test import override_settings

from rollouts import actions, engine
from rollouts.models import Rollout
from tests.rollouts import story
from tests.watchers import Page

REST = 0.7
"""Seconds between two looks of one page; see slipway.js."""


@dataclass
class Reader:
    """One open page and what it fetched: (began, ended, whether it says that the rollout is paused)."""

    page: Page
    cookies: dict[str, str]
    looks: list[tuple[float, float, bool]] = field(default_factory=list)

    async def read(self, client: httpx.AsyncClient, address: str) -> None:
        """Look after whatever was heard, until cancelled."""
        heard, cookie = 0, "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        while True:
            if len(self.page.heard) == heard:
                await asyncio.sleep(0.02)
                continue
            heard, began = len(self.page.heard), time.monotonic()
            answer = await client.get(address, headers={"Cookie": cookie, "HX-Request": "true"})
            assert answer.status_code == 200, answer.status_code
            self.looks.append((began, time.monotonic(), "Paused at" in answer.text))
            await asyncio.sleep(REST)

    def saw(self, paused: bool, since: float) -> float | None:
        """When it had a page that says so, of those it fetched after `since`."""
        return next((ended for _, ended, said in self.looks if said is paused and ended > since), None)


@contextmanager
def readers(
    url: str, rollout: Rollout, pages: Sequence[Page], cookies: Sequence[dict[str, str]]
) -> Iterator[list[Reader]]:
    """One per page, reading until the block ends. Call it in a running event loop."""
    crowd = [Reader(page, cookie) for page, cookie in zip(pages, cookies, strict=True)]
    client = httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=30)
    tasks = [asyncio.create_task(one.read(client, f"{url}/rollouts/{rollout.pk}/")) for one in crowd]
    try:
        yield crowd
    finally:
        for task in tasks:
            task.cancel()


@contextmanager
def running(folder: Path) -> Iterator[Rollout]:
    """A rollout at 5 % with users, looked at by its engine every second."""
    told = story.tell(folder, bake=3600)
    with override_settings(SLIPWAY_ROUTERS=told.routers(), SLIPWAY_METRICS=told.metrics()), story.visitors(told.log):
        rollout = actions.start_rollout(release=told.release, actor=told.rhea)
        story.run_until(rollout, lambda row: row.baked_since is not None)
        over = threading.Event()

        def tick() -> None:
            while not over.wait(1.0):
                engine.tick([rollout.pk])
            connection.close()

        thread = threading.Thread(target=tick)
        thread.start()
        try:
            yield Rollout.objects.select_related("release__product", "started_by").get(pk=rollout.pk)
        finally:
            over.set()
            thread.join()


def _aside(act: Callable[[], object]) -> float:
    """When it was committed."""
    try:
        act()
        return time.monotonic()
    finally:
        connection.close()


async def press(rollout: Rollout, crowd: Sequence[Reader], *, paused: bool) -> list[float]:
    """Pause or resume it; seconds from the commit until each reader has the page that says so."""
    action = actions.hold if paused else actions.resume
    actor = rollout.started_by

    def act() -> None:
        action(rollout=rollout, actor=actor, reason="to see how soon all see it")

    at = await asyncio.to_thread(_aside, act)
    async with asyncio.timeout(60):
        while not all(one.saw(paused, at) for one in crowd):
            await asyncio.sleep(0.02)
    return [(one.saw(paused, at) or at) - at for one in crowd]


def cpu_seconds(root: int) -> float:
    """What the process `root` and its children have used."""
    stats = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            stats.append([*file.read_text().rpartition(") ")[2].split(), file.parent.name])
    family, grown = {root}, True
    while grown:
        grown = False
        for stat in stats:
            if int(stat[1]) in family and int(stat[-1]) not in family:
                family.add(int(stat[-1]))
                grown = True
    return sum(int(stat[11]) + int(stat[12]) for stat in stats if int(stat[-1]) in family) / 100
