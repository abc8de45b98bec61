"""Charts as plain numbers: readings go in, and what an SVG needs comes out. No clock, no ORM, no markup.
`{% chart picture %}` draws it.

A chart is 384 × 128 units; the plot inside spans `LEFT`..`RIGHT` and `TOP`..`BOTTOM`, with zero at the bottom.
Missing data is a gap under a grey band, never a line across it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor, isfinite, log10

LEFT, RIGHT, TOP, BOTTOM = 34.0, 380.0, 14.0, 108.0
MARK = 83.5
"""Where the evidence meter's tick stands, in per cent of its length."""
LEAST_EVIDENCE = 0.1
LETTER = 6.6
"""How wide a letter of the words above a hairline is at most."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One point in time (unix seconds): the canary's and stable's value, None where nothing was known."""

    at: float
    canary: float | None
    stable: float | None


@dataclass(frozen=True, slots=True)
class Event:
    """A hairline: a step that changed, or (`bad`) the rollback."""

    at: float
    text: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What is drawn around the lines. `gap_seconds`: after so long without a canary reading the line is broken."""

    start: float
    end: float
    limit: float | None = None
    less_is_bad: bool = False
    gap_seconds: float = 15.0
    breach_at: float | None = None
    events: Sequence[Event] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    y: float
    value: float

    @property
    def text_y(self) -> float:
        return round(self.y + 4, 1)


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    at: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Band:
    """A rectangle: the limit's forbidden side, or a gap."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """An event's hairline and where its words stand."""

    x: float
    text_x: float
    anchor: str
    text: str
    bad: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the template draws, in the order in which it is drawn."""

    grid: tuple[Grid, ...]
    ticks: tuple[Tick, ...]
    limit_y: float | None
    band: Band | None
    gaps: tuple[Band, ...]
    marks: tuple[Mark, ...]
    stable: tuple[str, ...]
    canary: tuple[str, ...]
    breach: tuple[str, ...]
    now: tuple[float, float] | None
    now_is_bad: bool
    seconds: bool = field(default=False)
    """Whether the span is so short that ticks need seconds."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with its words: values and times as people read them, and what a sighted reader would conclude."""

    label: str
    chart: Chart
    marks: Sequence[Mark]
    grid: Sequence[tuple[Grid, str]]
    ticks: Sequence[tuple[Tick, str]]


Point = tuple[float, float]


def picture(drawn: Chart, *, label: str, value: Callable[[float], str], clock: Callable[[float], str]) -> Picture:
    """`drawn` with its words: `value` writes a grid line's value, `clock` a tick's unix seconds."""
    return Picture(
        label=label,
        chart=drawn,
        marks=legible(drawn.marks),
        grid=[(line, value(line.value)) for line in drawn.grid],
        ticks=[(tick, clock(tick.at)) for tick in drawn.ticks],
    )


def chart(readings: Sequence[Reading], frame: Frame) -> Chart:
    """Draw `readings` (any order) inside `frame`. An empty sequence gives an empty plot under one grey band."""
    span = max(frame.end - frame.start, 1.0)
    inside = sorted((one for one in readings if frame.start <= one.at <= frame.end), key=lambda one: one.at)
    top, lines = scale([*_values(inside), *([frame.limit * 1.3] if frame.limit else [])])

    def x(at: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (at - frame.start) / span, 1)

    def y(value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * min(max(value, 0.0), top) / top, 1)

    canary = _runs([(one.at, one.canary) for one in inside], frame.gap_seconds)
    stable = _runs([(one.at, one.stable) for one in inside], frame.gap_seconds)
    calm, breach = _split(canary, frame.breach_at)
    last = canary[-1][-1] if canary else None
    limit_y = y(frame.limit) if frame.limit is not None else None
    return Chart(
        grid=tuple(Grid(y(value), value) for value in lines),
        ticks=tuple(_ticks(frame.start, span)),
        limit_y=limit_y,
        band=_forbidden(limit_y, less_is_bad=frame.less_is_bad),
        gaps=tuple(Band(x(a), TOP, round(x(b) - x(a), 1), BOTTOM - TOP) for a, b in gaps(canary, frame)),
        marks=tuple(_mark(event, x(event.at)) for event in frame.events if frame.start <= event.at <= frame.end),
        stable=tuple(_path(run, x, y) for run in stable),
        canary=tuple(_path(run, x, y) for run in calm),
        breach=tuple(_path(run, x, y) for run in breach),
        now=(x(last[0]), y(last[1])) if last else None,
        now_is_bad=bool(breach),
        seconds=span < 1200,
    )


def scale(values: Sequence[float]) -> tuple[float, tuple[float, ...]]:
    """The top of an axis from zero that holds `values`, and its three grid lines (0 first)."""
    top = max([value for value in values if isfinite(value)], default=0.0)
    top = top if top > 1e-9 else 0.01
    rough = top / 2
    power = 10.0 ** floor(log10(rough))
    step = max(nice * power for nice in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8) if nice * power <= rough * (1 + 1e-9))
    return max(top, 2 * step), (0.0, step, 2 * step)


def gaps(runs: Sequence[Sequence[Point]], frame: Frame) -> list[Point]:
    """Stretches of time, longer than `gap_seconds`, for which the canary has no reading."""
    edges = [frame.start, *(at for run in runs for at in (run[0][0], run[-1][0])), frame.end]
    between = zip(edges[::2], edges[1::2], strict=True)
    return [(since, until) for since, until in between if until - since > frame.gap_seconds]


def evidence(e_value: float | None, bound: float | None) -> float:
    """How far the meter is filled, in per cent: logarithmic from 0.1, so that `bound` stands at `MARK`."""
    if e_value is None or not bound or e_value <= LEAST_EVIDENCE or e_value != e_value:
        return 0.0
    return round(min(100.0, MARK * log10(e_value / LEAST_EVIDENCE) / log10(max(bound, 1.0) / LEAST_EVIDENCE)), 1)


def _values(readings: Sequence[Reading]) -> Iterator[float]:
    for one in readings:
        yield from (value for value in (one.canary, one.stable) if value is not None)


def _runs(points: Sequence[tuple[float, float | None]], gap_seconds: float) -> list[list[Point]]:
    """Unbroken stretches: a None, a NaN or a long silence ends one."""
    runs: list[list[Point]] = []
    broken = True
    for at, value in points:
        if value is None or not isfinite(value):
            broken = True
            continue
        if broken or at - runs[-1][-1][0] > gap_seconds:
            runs.append([])
        runs[-1].append((at, value))
        broken = False
    return runs


def _split(runs: list[list[Point]], at: float | None) -> tuple[list[list[Point]], list[list[Point]]]:
    """Before and from `at` on. Where a run crosses it, both halves share a point."""
    if at is None:
        return runs, []
    before = [[point for point in run if point[0] <= at] for run in runs]
    after = [[point for point in run if point[0] > at] for run in runs]
    joined = [[one[-1], *two] if one and two else two for one, two in zip(before, after, strict=True)]
    return [run for run in before if run], [run for run in joined if run]


def _path(run: Sequence[Point], x: Callable[[float], float], y: Callable[[float], float]) -> str:
    """An SVG path; a lone point becomes a short dash, so that it can be seen."""
    drawn = [(x(at), y(value)) for at, value in run]
    if len(drawn) == 1:
        drawn.append((drawn[0][0] + 0.1, drawn[0][1]))
    return " ".join(f"{'L' if n else 'M'}{a:.1f} {b:.1f}" for n, (a, b) in enumerate(drawn))


def _ticks(start: float, span: float) -> Iterator[Tick]:
    anchors = ("start", "middle", "middle", "end")
    for n, anchor in enumerate(anchors):
        yield Tick(round(LEFT + (RIGHT - LEFT) * n / 3, 1), start + span * n / 3, anchor)


def _forbidden(limit_y: float | None, *, less_is_bad: bool) -> Band | None:
    if limit_y is None:
        return None
    if less_is_bad:
        return Band(LEFT, limit_y, RIGHT - LEFT, round(BOTTOM - limit_y, 1))
    return Band(LEFT, TOP, RIGHT - LEFT, round(limit_y - TOP, 1))


def _mark(event: Event, x: float) -> Mark:
    """Words stand on the side that has room for them."""
    right = x < (LEFT + RIGHT) / 2
    return Mark(x, x + 5 if right else x - 5, "start" if right else "end", event.text, event.bad)


def _extent(mark: Mark) -> tuple[float, float]:
    """From where to where its words reach, with a little room, on whichever side they stand."""
    wide = LETTER * len(mark.text) + 4
    return (mark.text_x, mark.text_x + wide) if mark.anchor == "start" else (mark.text_x - wide, mark.text_x)


def legible(marks: Sequence[Mark]) -> list[Mark]:
    """The same hairlines, with words only where they do not run into their neighbour's; bad ones keep theirs."""
    words = {index for index, mark in enumerate(marks)}
    for (index, one), (other, two) in pairwise(enumerate(marks)):
        if _extent(one)[1] > _extent(two)[0]:
            words.discard(index if two.bad or not one.bad else other)
    return [
        mark if index in words else Mark(mark.x, mark.text_x, mark.anchor, "", mark.bad)
        for index, mark in enumerate(marks)
    ]
