"""What a crowd costs: `make bench-live`, or `make bench-live ARGS="--watchers 300 --events 50"`.

A real web process and real event streams, each over its own connection, all of people with a role in the product. The
table says what they cost while nothing happens, and how long an event takes from its commit to each of them. Latencies
hold for this machine as busy as it is; that nothing is asked while nothing happens holds everywhere.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests import conftest  # sets Django up, which the others need  # isort: skip
from bench import readers
from rollouts.models import Rollout
from tests.cast import CAST, enter, open_storefront
from tests.conftest import FreshDatabase
from tests.flags.serve import Server, serving
from tests.watchers import Page, many_sessions, until, watching

PER_PERSON = 10
IDLE = 10.0  # seconds
LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'slipway live' AND datname = %s"
COMMITS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"


@dataclass(frozen=True)
class Found:
    """`alone` and `idle` are transactions a second without and with watchers; `took` seconds per event and watcher."""

    opened: float
    listening: int
    alone: float
    idle: float
    took: Sequence[float]
    last: Sequence[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=100)
    parser.add_argument("--events", type=int, default=20)
    given = parser.parse_args()
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            pytest.MonkeyPatch.context() as patch,
            conftest.really("bench_live", patch) as database,
        ):
            product = open_storefront()
            people = many_sessions(product, -(-given.watchers // PER_PERSON))
            cookies = [cookie for cookie in people for _ in range(PER_PERSON)][: given.watchers]
            with serving(database.environment, Path(folder), "config.asgi") as server:
                found = asyncio.run(measure(database, server.url, cookies, f"product:{product.pk}", given.events))
                report(found, given.watchers, given.events)
                for name, kind, team in (CAST[who] for who in ("rhea", "emil", "bea")):
                    enter(product, name, kind, team)
                with readers.running(Path(folder)) as rollout:
                    asyncio.run(watch(database, server, cookies, rollout))
    finally:
        conftest.SERVICES.stop()


async def measure(database: FreshDatabase, url: str, cookies: list[dict[str, str]], topic: str, events: int) -> Found:
    await asyncio.sleep(2)  # what making the people cost has been counted
    alone = await transactions(database)
    began = time.monotonic()
    async with watching(url, cookies, topic) as pages:
        await until(lambda: all(page.named("look") for page in pages), 60)
        opened = time.monotonic() - began
        await asyncio.sleep(1)
        idle, listening = await transactions(database), number(database, LISTENING)
        took: list[float] = []
        last: list[float] = []
        for event in range(events):
            delays = await tell(database, topic, f"event-{event}", pages)
            took += delays
            last.append(max(delays))
            await asyncio.sleep(0.2)
    return Found(opened, listening, alone, idle, took, last)


async def watch(database: FreshDatabase, server: Server, cookies: list[dict[str, str]], rollout: Rollout) -> None:
    """What a live rollout costs that all of them look at, and how soon each has the page with a new state."""
    alone = await transactions(database)
    topics = f"{rollout.subject}&topic={rollout.release.subject}"
    async with watching(server.url, cookies, topics) as pages:
        with readers.readers(server.url, rollout, pages, cookies) as crowd:
            await until(lambda: all(one.looks for one in crowd), 60)
            await asyncio.sleep(3)
            before, used, began = sum(len(one.looks) for one in crowd), cpu(server), time.monotonic()
            asked = await transactions(database) - alone
            seconds = time.monotonic() - began
            looks, used = sum(len(one.looks) for one in crowd) - before, cpu(server) - used
            took = [one for paused in (True, False) * 3 for one in await readers.press(rollout, crowd, paused=paused)]
    ordered = sorted(took)
    lines = [
        ("a live rollout: pages fetched a second", f"{looks / seconds:.1f}"),
        ("a live rollout: transactions a second for them", f"{asked:.1f}"),
        ("a live rollout: processors that serve them", f"{used / seconds:.2f}"),
        (f"a new state to one page, median of {len(ordered)}", f"{statistics.median(ordered) * 1000:.0f} ms"),
        ("a new state to one page, p99", f"{ordered[int(len(ordered) * 0.99)] * 1000:.0f} ms"),
    ]
    write(lines)


def cpu(server: Server) -> float:
    return readers.cpu_seconds(server.process.pid)


async def tell(database: FreshDatabase, topic: str, name: str, pages: list[Page]) -> list[float]:
    """Seconds from the commit of one event to each page."""

    def announce() -> float:
        with psycopg.connect(database.url, autocommit=True) as own:
            own.execute("SELECT pg_notify('slipway', %s)", [f'["{topic}", "{name}"]'])
        return time.monotonic()

    at = await asyncio.to_thread(announce)
    await until(lambda: all(page.named(name) for page in pages), 30)
    return [max(0.0, page.named(name)[0] - at) for page in pages]


async def transactions(database: FreshDatabase) -> float:
    """A second, counted by PostgreSQL."""
    before = number(database, COMMITS)
    await asyncio.sleep(IDLE)
    return (number(database, COMMITS) - before) / IDLE


def number(database: FreshDatabase, query: str) -> int:
    """Asked from another database, so that asking does not count."""
    with psycopg.connect(database.owner_url, dbname="postgres", autocommit=True) as own:
        row = own.execute(query, [database.name]).fetchone()
    assert row
    return int(row[0])


def report(found: Found, watchers: int, events: int) -> None:
    ordered = sorted(found.took)
    lines = [
        ("watchers", f"{watchers}"),
        ("all open after", f"{found.opened:.2f} s"),
        ("connections that listen", f"{found.listening}"),
        ("transactions a second, nobody there", f"{found.alone:.2f}"),
        ("transactions a second, all there, nothing happens", f"{found.idle:.2f}"),
        (f"one event to one page, median of {len(ordered)}", f"{statistics.median(ordered) * 1000:.0f} ms"),
        ("one event to one page, p99", f"{ordered[int(len(ordered) * 0.99)] * 1000:.0f} ms"),
        (f"one event to all of them, slowest of {events}", f"{max(found.last) * 1000:.0f} ms"),
    ]
    write(lines)


def write(lines: Sequence[tuple[str, str]]) -> None:
    for name, value in lines:
        sys.stdout.write(f"{name:<52} {value:>10}\n")


if __name__ == "__main__":
    main()
