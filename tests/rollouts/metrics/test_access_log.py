"""The access log in the wild: rotation, restarts, half lines, rubbish, huge backlogs."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollouts.judge import Side
from rollouts.metrics.access_log import AccessLogSource
from tests.rollouts.metrics.sources import QUERY, log_line


@pytest.fixture
def path(tmp_path: Path) -> Path:
    log = tmp_path / "access.log"
    log.touch()
    return log


def append(path: Path, text: str) -> None:
    with path.open("a") as log:
        log.write(text)


def drain(path: Path, cursor: str, max_bytes: int = 4 << 20) -> tuple[int, int, str]:
    """Observations, skipped lines and the cursor at the end; every read by a source made anew."""
    seen = skipped = 0
    while True:
        reading = AccessLogSource(str(path), max_bytes).read(QUERY, cursor)
        assert not reading.problem
        seen, skipped, cursor = seen + len(reading.observations), skipped + reading.skipped, reading.cursor
        if not reading.more:
            return seen, skipped, cursor


@pytest.mark.parametrize(
    ("slow_ms", "bad_status", "status", "duration", "bad"),
    [
        (0, 500, 200, 9999, False),
        (0, 500, 500, 1, True),
        (0, 500, 499, 1, False),
        (100, 0, 503, 100, False),
        (100, 0, 200, 101, True),
        (100, 500, 200, 99, False),
    ],
)
def test_what_is_bad(path: Path, slow_ms: float, bad_status: int, status: int, duration: float, bad: bool) -> None:
    append(path, log_line("ann", "green", status, duration))
    query = replace(QUERY, slow_ms=slow_ms, bad_status=bad_status)
    (one,) = AccessLogSource(str(path)).read(query, "").observations
    assert (one.bad, one.side) == (bad, Side.CANARY)


def test_a_request_counts_from_when_it_ended(path: Path) -> None:
    line = '{"time":"2026-01-01T00:00:00.500Z","user":"ann","cluster":"blue","status":200,"duration_ms":250}\n'
    append(path, line)
    (one,) = AccessLogSource(str(path)).read(QUERY, "").observations
    assert one.at == pytest.approx(1767225600.75)


def test_only_requests_of_known_users_on_either_side_are_evidence(path: Path) -> None:
    append(path, log_line(None) + log_line("-") + log_line("") + log_line("ann", "purple") + log_line("ann"))
    assert drain(path, "")[:2] == (1, 0)


@pytest.mark.parametrize(
    "rubbish",
    [
        "",
        "not json",
        "[]",
        "null",
        "{}",
        '{"time": 5}',
        log_line("ann", status=None).strip(),  # type: ignore[arg-type]
        log_line("ann", duration=-1).strip(),
        log_line("ann").replace("12", "NaN").strip(),
        log_line("ann", time="2999-01-01T00:00:00Z").strip(),
        log_line("ann", time="yesterday").strip(),
        log_line("ann", cluster=[]).strip(),  # type: ignore[arg-type]
        "\x00\x01\x02",
    ],
    ids=lambda line: line.partition('"user"')[2] or line,  # without its time: every worker must see the same names
)
def test_rubbish_is_counted_and_passed_over(path: Path, rubbish: str) -> None:
    append(path, log_line("ann") + rubbish + "\n" + log_line("bob"))
    assert drain(path, "")[:2] == (2, 1)


def test_a_half_written_line_waits_for_its_end(path: Path) -> None:
    line = log_line("ann")
    append(path, log_line("bob") + line[:25])
    seen, _, cursor = drain(path, "")
    append(path, line[25:])
    assert (seen, drain(path, cursor)[:2]) == (1, (1, 0))


def test_a_line_without_an_end_does_not_stop_the_reading_for_ever(path: Path) -> None:
    append(path, log_line("ann"))
    _, _, cursor = drain(path, "", max_bytes=512)
    append(path, "x" * 5000 + "\n" + log_line("bob"))
    seen, skipped, _ = drain(path, cursor, max_bytes=512)
    assert seen == 1
    assert skipped >= 1


def test_a_backlog_is_read_in_bounded_portions(path: Path) -> None:
    _, _, cursor = drain(path, "")
    append(path, "".join(log_line(f"user-{number}") for number in range(200)))
    reading = AccessLogSource(str(path), max_bytes=1000).read(QUERY, cursor)
    assert reading.more
    assert len(reading.observations) < 10
    assert drain(path, cursor, max_bytes=1000)[0] == 200


def test_the_first_read_does_not_start_in_the_middle_of_a_line(path: Path) -> None:
    append(path, "".join(log_line(f"user-{number}") for number in range(50)))
    seen, skipped, _ = drain(path, "", max_bytes=1000)
    assert 0 < seen < 10
    assert skipped == 0


def rotate_by_rename(path: Path) -> None:
    for number in (3, 2, 1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.rename(path.with_name(f"{path.name}.{number + 1}"))
    path.rename(path.with_name(f"{path.name}.1"))
    path.touch()


def rotate_by_copy(path: Path) -> None:
    for number in (3, 2, 1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.rename(path.with_name(f"{path.name}.{number + 1}"))
    shutil.copy2(path, path.with_name(f"{path.name}.1"))
    with path.open("r+") as log:
        log.truncate(0)


@pytest.mark.parametrize("rotate", [rotate_by_rename, rotate_by_copy])
def test_p8_nothing_is_lost_or_counted_twice_across_rotations(path: Path, rotate: Callable[[Path], None]) -> None:
    append(path, log_line("a"))
    _, _, cursor = drain(path, "")
    append(path, log_line("b") + log_line("c"))
    rotate(path)
    append(path, log_line("d"))
    seen, skipped, cursor = drain(path, cursor)
    assert (seen, skipped) == (3, 0)
    append(path, log_line("e"))
    assert drain(path, cursor)[0] == 1


def test_two_rotations_between_reads_are_caught_up_in_order(path: Path) -> None:
    append(path, log_line("a"))
    _, _, cursor = drain(path, "")
    for name in "bc":
        append(path, log_line(name))
        rotate_by_rename(path)
    append(path, log_line("d"))
    assert drain(path, cursor)[0] == 3


def test_a_log_that_vanished_unread_is_said_once_and_reading_goes_on(path: Path) -> None:
    append(path, log_line("a"))
    _, _, cursor = drain(path, "")
    path.unlink()
    append(path, log_line("b"))
    reading = AccessLogSource(str(path)).read(QUERY, cursor)
    assert "rotated away" in reading.problem
    assert len(reading.observations) == 1
    assert drain(path, reading.cursor)[0] == 0


@given(
    lines=st.lists(st.sampled_from(["good", "rubbish", "rename", "read"]), max_size=25),
    portion=st.integers(150, 2000),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_p8_every_line_is_read_exactly_once_whatever_happens_between_reads(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], portion: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "access.log"
    path.touch()
    _, _, cursor = drain(path, "")
    written = found = rotations = 0
    for number, what in enumerate(lines):
        if what == "good":
            append(path, log_line(f"user-{number}"))
            written += 1
        elif what == "rubbish":
            append(path, "{]\n")
        elif what == "rename" and path.stat().st_size and rotations < 3:
            rotate_by_rename(path)
            rotations += 1
        elif what == "read":
            seen, _, cursor = drain(path, cursor, max_bytes=portion)
            found += seen
    found += drain(path, cursor, max_bytes=portion)[0]
    assert found == written


def test_users_are_hashed_with_the_salt(path: Path) -> None:
    append(path, log_line("ann"))
    salted, other = (AccessLogSource(str(path), salt=salt).read(QUERY, "").observations[0] for salt in ("a", "b"))
    assert salted.user != other.user
    assert json.dumps(salted.user).isdigit()
