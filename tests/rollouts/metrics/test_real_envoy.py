"""Both sources against the real Envoy: what it logs and counts is what happened."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from demo.services.versions import BLUE, GREEN
from rollouts.judge import Side
from rollouts.metrics import MetricSource, Query
from rollouts.metrics.access_log import AccessLogSource
from rollouts.metrics.exposition import ExpositionSource
from tests.demo.test_envoy import USERS, Proxy, wait_for
from tests.rollouts.metrics.sources import fetch, tally

QUERY = Query(canary="green", stable="blue")


@pytest.fixture
def envoy(tmp_path: Path) -> Iterator[Proxy]:
    envoy = Proxy(tmp_path)
    try:
        envoy.start_search("blue", envoy.blue, BLUE)
        envoy.start_search("green", envoy.green, GREEN)
        envoy.start_envoy()
        yield envoy
    finally:
        while envoy.running:
            envoy.stop_last()
        envoy.http.close()


def ask(envoy: Proxy) -> dict[str, int]:
    """The status that each user meets in one request."""

    def status(user: str) -> int:
        return envoy.http.get(f"http://127.0.0.1:{envoy.port}/version", headers={"x-user-id": user}).status_code

    with ThreadPoolExecutor(8) as pool:
        return dict(zip(USERS, pool.map(status, USERS), strict=True))


def read_until(source: MetricSource, cursor: str, requests: int) -> tuple[dict[tuple[str, bool], int], str]:
    """What was read when `requests` had come; Envoy writes its log and sums its counters a little later."""
    totals = {(side.value, bad): 0 for side in Side for bad in (False, True)}

    def enough() -> bool:
        nonlocal cursor
        reading = source.read(QUERY, cursor)
        cursor = reading.cursor
        for what, count in tally(reading).items():
            totals[what] += count
        return sum(totals.values()) >= requests

    wait_for(enough)
    return totals, cursor


@pytest.mark.parametrize("kind", ["access_log", "exposition"])
def test_what_envoy_tells_is_what_happened(envoy: Proxy, kind: str) -> None:
    source: MetricSource = AccessLogSource(str(envoy.log))
    if kind == "exposition":
        source = ExpositionSource(f"http://127.0.0.1:{envoy.admin}/stats/prometheus", fetch=fetch)
    envoy.set_green(250)
    green = len(envoy.on_green())
    cursor = ""
    if kind == "access_log":
        _, cursor = read_until(source, "", len(USERS))
    else:
        wait_for(lambda: source.read(QUERY, "").newest_at)
        cursor = source.read(QUERY, "").cursor
    assert set(ask(envoy).values()) == {200}
    totals, cursor = read_until(source, cursor, len(USERS))
    assert totals == {
        ("canary", False): green,
        ("canary", True): 0,
        ("stable", False): len(USERS) - green,
        ("stable", True): 0,
    }
    envoy.running[1].kill()
    envoy.running[1].wait()
    met = ask(envoy)
    totals, _ = read_until(source, cursor, len(USERS))
    assert totals["canary", True] == green == sum(status >= 500 for status in met.values())
    assert totals["stable", True] == 0
