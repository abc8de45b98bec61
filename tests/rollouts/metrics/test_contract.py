"""What every metric source must do, held against all of them."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollouts.metrics import Query, Reading
from tests.rollouts.metrics.sources import (
    QUERY,
    CounterPlayground,
    CounterServer,
    LogPlayground,
    Playground,
    RecordingPlayground,
    tally,
)


@pytest.fixture(params=["access_log", "exposition", "recording"])
def playground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Playground]:
    if request.param == "exposition":
        server = CounterServer()
        yield CounterPlayground(server)
        server.close()
    else:
        yield LogPlayground(tmp_path) if request.param == "access_log" else RecordingPlayground()


def drain(playground: Playground, cursor: str) -> tuple[Counter[tuple[str, bool]], str]:
    """Read with a new source each time, as after restarts, until nothing is left."""
    totals: Counter[tuple[str, bool]] = Counter()
    while True:
        reading = playground.source().read(QUERY, cursor)
        assert not reading.problem
        totals.update(tally(reading))
        cursor = reading.cursor
        if not reading.more:
            return +totals, cursor


def test_everything_is_read_once(playground: Playground) -> None:
    _, cursor = drain(playground, "")
    playground.serve("green", good=8, bad=2)
    playground.serve("blue", good=95, bad=5)
    first, cursor = drain(playground, cursor)
    playground.serve("green", good=1, bad=1)
    second, cursor = drain(playground, cursor)
    third, _ = drain(playground, cursor)
    assert first == {("canary", False): 8, ("canary", True): 2, ("stable", False): 95, ("stable", True): 5}
    assert second == {("canary", False): 1, ("canary", True): 1}
    assert third == {}


def test_p8_the_same_cursor_gives_the_same_data_or_more(playground: Playground) -> None:
    playground.serve("green", good=3, bad=1)
    _, cursor = drain(playground, "")
    playground.serve("green", good=3, bad=1)
    once = playground.source().read(QUERY, cursor)
    again = playground.source().read(QUERY, cursor)
    playground.serve("green", good=2, bad=2)
    later = playground.source().read(QUERY, cursor)
    assert tally(once) == tally(again)
    assert all(tally(later)[what] >= count for what, count in tally(once).items())


def test_p3_an_outage_is_a_problem_and_moves_nothing(playground: Playground) -> None:
    playground.serve("green", good=3, bad=1)
    _, cursor = drain(playground, "")
    playground.cut()
    reading = playground.source().read(QUERY, cursor)
    assert reading.problem
    assert reading.problem.endswith(".")
    assert reading.cursor == cursor
    assert (reading.observations, reading.counts) == ((), None)


def test_p3_an_outage_on_the_first_read_is_a_problem(playground: Playground) -> None:
    playground.cut()
    reading = playground.source().read(QUERY, "")
    assert (bool(reading.problem), reading.cursor, reading.newest_at) == (True, "", None)


def test_it_says_how_new_its_data_is(playground: Playground) -> None:
    before = time.time() - 1
    playground.serve("green", good=1, bad=0)
    reading: Reading = playground.source().read(QUERY, "")
    assert reading.newest_at is not None
    assert before <= reading.newest_at <= time.time() + 1


def test_an_unknown_option_is_refused_by_name(playground: Playground) -> None:
    refusals = playground.source().refusals(Query("green", "blue", options={"colour": "red"}))
    assert len(refusals) == 1
    assert "colour" in refusals[0]
    assert playground.source().refusals(QUERY) == ()


def test_it_says_where_its_numbers_come_from(playground: Playground) -> None:
    assert playground.source().describe()
