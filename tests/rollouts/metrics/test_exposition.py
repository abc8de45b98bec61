"""Counters: resets, dead processes, NaN, stale samples, and the house's own client in front of a real server."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytest_django import Settings

from rollouts.judge import Basis, Params, State, fold, verdict
from rollouts.metrics.base import Reading
from rollouts.metrics.exposition import ExpositionSource
from tests.rollouts.metrics.sources import QUERY, CounterServer, fetch, tally


@pytest.fixture
def server() -> Iterator[CounterServer]:
    counters = CounterServer()
    yield counters
    counters.close()


@pytest.fixture
def source(server: CounterServer) -> ExpositionSource:
    return ExpositionSource(server.url, fetch=fetch)


def test_a_reset_counter_counts_from_zero_again(server: CounterServer, source: ExpositionSource) -> None:
    server.values["green", "2"] = 1000
    server.values["blue", "5"] = 7
    cursor = source.read(QUERY, "").cursor
    server.values["green", "2"] = 30
    server.values["blue", "5"] = 8
    reading = source.read(QUERY, cursor)
    assert tally(reading) == {
        ("canary", False): 30,
        ("canary", True): 0,
        ("stable", False): 0,
        ("stable", True): 1,
    }


def test_a_series_that_was_not_there_before_began_at_zero(server: CounterServer, source: ExpositionSource) -> None:
    del server.values["green", "5"]
    cursor = source.read(QUERY, "").cursor
    server.values["green", "5"] = 4
    assert tally(source.read(QUERY, cursor))["canary", True] == 4


@pytest.mark.parametrize("side", ["green", "blue"])
def test_p3_a_process_that_died_is_no_data_and_not_zero(
    server: CounterServer, source: ExpositionSource, side: str
) -> None:
    cursor = source.read(QUERY, "").cursor
    for code in ("2", "5"):
        del server.values[side, code]
    reading = source.read(QUERY, cursor)
    assert "has no series for" in reading.problem
    assert (reading.counts, reading.cursor) == (None, cursor)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1"])
def test_p3_a_value_that_is_no_count_is_no_data(server: CounterServer, source: ExpositionSource, value: str) -> None:
    cursor = source.read(QUERY, "").cursor
    server.text = server.page().replace(
        'class="5",envoy_cluster_name="green"} 0.0', f'class="5",envoy_cluster_name="green"}} {value}'
    )
    assert value in server.text
    reading = source.read(QUERY, cursor)
    assert reading.problem
    assert (reading.counts, reading.cursor) == (None, cursor)


@pytest.mark.parametrize("text", ["", "<html>moved</html>", "envoy_cluster_upstream_rq_xx{ 5", "\xff"])
def test_p3_a_page_that_is_no_exposition_is_a_problem(
    server: CounterServer, source: ExpositionSource, text: str
) -> None:
    server.text = text
    assert source.read(QUERY, "").problem


def test_p3_an_error_page_is_a_problem(server: CounterServer, source: ExpositionSource) -> None:
    server.status = 503
    assert "503" in source.read(QUERY, "").problem


def test_p3_samples_that_grow_old_bring_nothing_new(server: CounterServer, source: ExpositionSource) -> None:
    at = int(time.time()) - 500
    stamped = "".join(f'requests{{side="{side}",code="200"}} 5 {at * 1000}\n' for side in ("green", "blue"))
    server.text = f"# TYPE requests counter\n{stamped}"
    names = {"metric": "requests", "side_label": "side", "status_label": "code"}
    query = replace(QUERY, options=names)
    first = source.read(query, "")
    second = source.read(query, first.cursor)
    assert (first.problem, first.newest_at, second.newest_at, second.counts) == ("", at, at, None)


def test_p3_counters_that_stand_still_are_no_data_to_the_judge(server: CounterServer, source: ExpositionSource) -> None:
    params = Params(since=0.0, basis=Basis.COUNTERS, stale_after=0.2)
    cursor, state = "", State()
    for _ in range(3):
        reading: Reading = source.read(QUERY, cursor)
        cursor = reading.cursor
        state = fold(state, reading.counts or (), params)
        time.sleep(0.01)
    assert verdict(state, params, time.time()).kind == "no_data"


def test_further_matchers_narrow_the_series(server: CounterServer) -> None:
    page = ["# TYPE hits_total counter"]
    page += [
        f'hits_total{{side="{side}",code="{code}",job="{job}"}} 0'
        for side in ("green", "blue")
        for code in ("200", "503")
        for job in ("shop", "other")
    ]
    server.text = "\n".join(page) + "\n"
    source = ExpositionSource(
        server.url, fetch=fetch, metric="hits_total", side_label="side", status_label="code", labels="job=shop"
    )
    cursor = source.read(QUERY, "").cursor
    server.text = server.text.replace("} 0", "} 3")
    counts = source.read(QUERY, cursor).counts
    assert counts is not None
    assert (counts.canary_good, counts.canary_bad, counts.stable_good, counts.stable_bad) == (3, 3, 3, 3)


def test_what_it_cannot_do_is_refused_by_name(source: ExpositionSource) -> None:
    (refusal,) = source.refusals(replace(QUERY, slow_ms=75.0))
    assert "slower than a bound" in refusal


def test_it_scrapes_through_the_houses_one_client(server: CounterServer, settings: Settings) -> None:
    settings.SLIPWAY_HTTP_ALLOW = ["127.0.0.1"]
    source = ExpositionSource(server.url)
    cursor = source.read(QUERY, "").cursor
    server.values["green", "2"] += 3
    assert tally(source.read(QUERY, cursor))["canary", False] == 3
    settings.SLIPWAY_HTTP_ALLOW = []
    assert source.read(QUERY, cursor).problem
