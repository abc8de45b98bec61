"""How times, durations and shares are written."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from core import ui, words
from core.weights import as_percent

NB = "\u00a0"


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(days=2, hours=4, minutes=59), "2 d 4 h"),
        (timedelta(days=3), "3 d"),
        (timedelta(hours=1, minutes=5), "1 h 5 min"),
        (timedelta(minutes=3, seconds=20), "3 min 20 s"),
        (timedelta(minutes=40, seconds=20), "40 min"),
        (timedelta(seconds=7), "7 s"),
        (timedelta(), "0 s"),
        (-timedelta(hours=2), "0 s"),
    ],
)
def test_durations(duration: timedelta, text: str) -> None:
    assert words.span(duration) == text.replace(" ", NB)


@pytest.mark.parametrize(
    ("weight", "text"), [(0, "0 %"), (5_000, "5 %"), (100_000, "100 %"), (100, "0.1 %"), (12_345, "12.345 %")]
)
def test_shares(weight: int, text: str) -> None:
    assert as_percent(weight) == text.replace(" ", NB)


def test_times_are_the_readers_and_name_their_zone() -> None:
    with timezone.override("Europe/Berlin"):
        assert words.moment(datetime(2001, 11, 24, 8, 0, tzinfo=UTC)) == "Sat 24 Nov 2001 09:00 CET"
        assert words.moment(datetime(2001, 7, 24, 8, 0, tzinfo=UTC)) == "Tue 24 Jul 2001 10:00 CEST"
    with timezone.override("UTC"):
        assert words.moment(datetime(2001, 11, 24, 8, 0, tzinfo=UTC), zone=False) == "Sat 24 Nov 2001 08:00"


def test_how_long_ago() -> None:
    now = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    assert words.ago(now - timedelta(hours=3), now) == f"3{NB}h ago"
    assert words.ago(now, now) == "just now"
    assert words.ago(now + timedelta(minutes=2), now) == f"in 2{NB}min"


def test_the_small_slipway_ends_where_the_hull_stands() -> None:
    drawn = ui.mini([ui.Point("5 %", at="done"), ui.Point("25 %", at="now", done_to=50), ui.Point("100 %")])
    assert drawn.end == 66.0
    assert [notch.done for notch in drawn.notches] == [True, True, False]
    assert ui.mini([ui.Point("5 %", at="done")]).hull_x == 110, "the hull stays inside the picture"


def test_a_mails_text_is_folded_and_its_addresses_stay_whole() -> None:
    address = "http://localhost:8000/" + "a-long-address/" * 6
    text = f"Please answer. {'word ' * 30}\n\nBuild: {'2.0.3 ' * 20}\nRead: {address}\n-- \nBye.\n"
    folded = words.in_columns(text)
    assert all(len(line) <= 72 or line.strip() == address for line in folded.splitlines())
    assert address in folded and "\n-- \n" in folded and "\n  2.0.3" in folded
    assert folded.split() == text.split()
