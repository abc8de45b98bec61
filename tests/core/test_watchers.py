"""A hundred people who look cost a hundred idle connections: one LISTEN, no query while nothing happens, and one event
that reaches all of them within a second.
"""

import asyncio
import time
from collections.abc import Iterator
from functools import partial

import psycopg
import pytest

from core import live
from core.models import Product
from tests.conftest import FreshDatabase
from tests.flags.serve import Server, serving
from tests.watchers import Page, many_sessions, until, watching

WATCHERS = 100


@pytest.fixture
def server(fresh_db: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(fresh_db.environment, tmp_path_factory.mktemp("snapshots"), "config.asgi") as one:
        yield one


def announce(database: FreshDatabase, topic: str, name: str) -> float:
    """When it was committed."""
    with psycopg.connect(database.url, autocommit=True) as own:
        own.execute("SELECT pg_notify('slipway', %s)", [f'["{topic}", "{name}"]'])
    return time.monotonic()


def number(database: FreshDatabase, query: str) -> int:
    """Asked as the application itself: what another role's connections do is hidden from one."""
    with psycopg.connect(database.url, autocommit=True) as own:
        row = own.execute(query, [database.name]).fetchone()
    assert row
    return int(row[0])


LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'slipway live' AND datname = %s"
BUSY = """SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()
          AND application_name <> 'slipway flags'
          AND (state = 'active' OR state_change > clock_timestamp() - interval '4 seconds')"""
"""Connections that did anything in four seconds, but for the flags' own look, which is there without any watcher."""


async def look_on(database: FreshDatabase, url: str, cookies: list[dict[str, str]], topic: str) -> None:
    async with watching(url, cookies, topic) as pages:
        await until(lambda: all(page.named("look") for page in pages), 20)
        assert number(database, LISTENING) == 1
        await asyncio.sleep(6)  # two for what answered the requests, four in which nothing happens
        assert number(database, BUSY) == 0
        told = await asyncio.to_thread(partial(announce, database, topic, "signed"))
        await until(lambda: all(page.named("signed") for page in pages), 10)
        assert max(page.named("signed")[0] for page in pages) - told < 1.0
        assert number(database, LISTENING) == 1


def test_a_hundred_watchers_cost_one_connection_and_no_query(
    fresh_db: FreshDatabase, server: Server, storefront: Product
) -> None:
    cookies = [cookie for cookie in many_sessions(storefront, 10) for _ in range(WATCHERS // 10)]
    asyncio.run(look_on(fresh_db, server.url, cookies, f"product:{storefront.pk}"))


def test_who_opens_too_many_pages_loses_the_first_and_nobody_else_does(
    fresh_db: FreshDatabase, server: Server, storefront: Product
) -> None:
    mine, other = many_sessions(storefront, 2)
    topic = f"product:{storefront.pk}"

    async def crowd() -> tuple[list[Page], Page]:
        async with (
            watching(server.url, [other], topic) as others,
            watching(server.url, [mine], topic) as first,
            watching(server.url, [mine] * live.MOST, topic) as rest,
        ):
            await until(lambda: first[0].crowded, 10)
            await asyncio.to_thread(partial(announce, fresh_db, topic, "signed"))
            await until(lambda: all(page.named("signed") for page in [*rest, *others]), 10)
            return rest, first[0]

    rest, first = asyncio.run(crowd())
    assert not first.named("signed")
    assert not any(page.crowded for page in rest)
