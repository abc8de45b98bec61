"""Charts: what is drawn lies inside the plot, says what was read, and never draws over a silence."""

import math

from hypothesis import given
from hypothesis import strategies as st

from core import charts
from core.charts import BOTTOM, LEFT, MARK, RIGHT, TOP, Event, Frame, Mark, Reading

shares = st.floats(0, 1, allow_subnormal=False)
readings = st.lists(
    st.builds(
        Reading,
        at=st.floats(0, 1000),
        canary=st.none() | shares | st.just(math.nan),
        stable=st.none() | shares,
    ),
    max_size=60,
)
frames = st.builds(
    Frame,
    start=st.just(0.0),
    end=st.floats(1, 1000),
    limit=st.none() | st.floats(0.001, 1),
    less_is_bad=st.booleans(),
    gap_seconds=st.floats(1, 60),
    breach_at=st.none() | st.floats(0, 1000),
    events=st.lists(st.builds(Event, at=st.floats(0, 1000), text=st.just("25 %"), bad=st.booleans()), max_size=5),
)


def points(path: str) -> list[tuple[float, float]]:
    numbers = [float(word.strip("ML")) for word in path.split()]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


@given(readings, frames)
def test_everything_lies_inside_the_plot(read: list[Reading], frame: Frame) -> None:
    drawn = charts.chart(read, frame)
    for path in (*drawn.canary, *drawn.stable, *drawn.breach):
        for x, y in points(path):
            assert LEFT - 0.1 <= x <= RIGHT + 0.2
            assert TOP - 0.1 <= y <= BOTTOM + 0.1
    for band in (*drawn.gaps, *([drawn.band] if drawn.band else [])):
        assert band.width >= 0
        assert band.height >= 0
        assert band.x + band.width <= RIGHT + 0.2


@given(readings, frames)
def test_no_line_crosses_a_gap(read: list[Reading], frame: Frame) -> None:
    drawn = charts.chart(read, frame)
    for path in (*drawn.canary, *drawn.breach):
        xs = [x for x, _ in points(path)]
        for gap in drawn.gaps:
            assert not (min(xs) < gap.x - 0.2 and max(xs) > gap.x + gap.width + 0.2)


@given(frames)
def test_p3_without_readings_the_whole_plot_is_a_gap_and_nothing_is_drawn(frame: Frame) -> None:
    drawn = charts.chart([], frame)
    assert drawn.canary == drawn.breach == drawn.stable == ()
    assert drawn.now is None
    if frame.end - frame.start > frame.gap_seconds:
        assert [round(gap.width) for gap in drawn.gaps] == [round(RIGHT - LEFT)]


def test_p3_a_silent_canary_is_a_gap_up_to_now_though_stable_goes_on() -> None:
    read = [Reading(at, 0.1 if at < 60 else None, 0.1) for at in range(120)]
    drawn = charts.chart(read, Frame(0, 120))
    (gap,) = drawn.gaps
    assert gap.x == points(drawn.canary[0])[-1][0]
    assert gap.x + gap.width == RIGHT
    assert points(drawn.stable[0])[-1][0] > gap.x + 100


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_the_axis_starts_at_zero_and_holds_every_value(values: list[float]) -> None:
    top, lines = charts.scale(values)
    assert top >= max(values)
    assert lines[0] == 0
    assert len(lines) == 3
    assert lines[-1] <= top * (1 + 1e-9)


def test_the_canary_is_red_only_from_the_breach_on() -> None:
    read = [Reading(at, 0.1 if at <= 60 else 0.9, 0.1) for at in range(0, 121, 10)]
    drawn = charts.chart(read, Frame(0, 120, breach_at=60))
    assert points(drawn.canary[0])[-1] == points(drawn.breach[0])[0]
    assert drawn.now_is_bad
    assert not charts.chart(read, Frame(0, 120)).breach


def test_the_forbidden_side_is_below_the_limit_where_less_is_bad() -> None:
    above, below = (charts.chart([], Frame(0, 60, limit=0.5, less_is_bad=less)).band for less in (False, True))
    assert above and below
    assert above.y == TOP
    assert below.y == above.y + above.height
    assert below.y + below.height == BOTTOM


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(2, 1e6))
def test_the_evidence_meter_grows_with_the_evidence_and_its_tick_is_the_bound(
    one: float, two: float, bound: float
) -> None:
    small, large = sorted((one, two))
    assert charts.evidence(small, bound) <= charts.evidence(large, bound) <= 100
    assert charts.evidence(bound, bound) == MARK
    assert (charts.evidence(large, bound) > MARK) <= (large > bound)


def test_the_evidence_meter_is_empty_when_nothing_is_known() -> None:
    assert charts.evidence(None, 80) == charts.evidence(3, None) == charts.evidence(math.nan, 80) == 0


def test_words_that_would_collide_are_left_out_but_never_the_rollback() -> None:
    marks = [Mark(100, 105, "start", "5 %", False), Mark(110, 115, "start", "rolled back", True)]
    assert [mark.text for mark in charts.legible(marks)] == ["", "rolled back"]


def test_words_on_both_sides_of_the_middle_do_not_run_into_each_other() -> None:
    marks = [Mark(190, 195, "start", "50 %", False), Mark(250, 245, "end", "100 %", False)]
    assert [mark.text for mark in charts.legible(marks)] == ["", "100 %"]
    assert [mark.text for mark in charts.legible([marks[0], Mark(300, 295, "end", "100 %", False)])] == [
        "50 %",
        "100 %",
    ]
