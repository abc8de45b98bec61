"""Stacked bars as plain numbers: counts per column go in, and what an SVG needs comes out. No clock, no ORM, no markup.
`{% bars picture %}` draws it.

A picture is 620 × 110 units; the plot inside spans `LEFT`..`RIGHT` and `TOP`..`BOTTOM`, with zero at the bottom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.charts import Grid, scale

LEFT, RIGHT, TOP, BOTTOM = 44.0, 620.0, 16.0, 88.0
FILLED = 0.7
"""How much of its column a bar fills."""
LEAST = 1.0
"""How high a part is at least that is not nothing."""
WIDE = 110.0
"""How much room the words under a column take at most."""
LETTERS = ((1_000_000_000, 1_000_000_000, "G"), (1_000_000, 1_000_000, "M"), (10_000, 1_000, "k"))
"""From which number on, in which unit, by which letter."""


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of the stack, the lowest first. `look` is a class of the style sheet (``chart__bar--<look>``)."""

    name: str
    look: str
    values: Sequence[int]

    @property
    def total(self) -> int:
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class Part:
    """One rectangle."""

    x: float
    y: float
    width: float
    height: float
    look: str


@dataclass(frozen=True, slots=True)
class Word:
    """What stands under a column."""

    x: float
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Everything the template draws; `label` says what a sighted reader would conclude."""

    label: str
    grid: Sequence[tuple[Grid, str]]
    parts: Sequence[Part]
    words: Sequence[Word]


def bars(series: Sequence[Series], names: Sequence[str], *, label: str) -> Bars:
    """One bar for each of `names`, of as many parts as there are `series`. Under the first, the first that is not empty
    and the last stands its name, where they do not run into one another.
    """
    totals = [sum(one.values[at] for one in series) for at in range(len(names))]
    top, lines = scale([float(total) for total in totals] if any(totals) else [2.0])
    column = (RIGHT - LEFT) / max(len(names), 1)
    parts = [part for at in range(len(names)) for part in _stacked(series, at, column, top)]
    whole = [value for value in lines if value == int(value)]
    return Bars(
        label=label,
        grid=[(Grid(_y(value, top), value), compact(int(value))) for value in whole],
        parts=parts,
        words=_words(names, totals, column),
    )


def compact(number: int) -> str:
    """``80 M``, ``2.5 M``, ``1 284``: as many digits as a glance takes, with no-break spaces."""
    for least, unit, letter in LETTERS:
        if number >= least:
            shown = f"{number / unit:.1f}".removesuffix(".0") if number < 100 * unit else f"{number // unit}"
            return f"{shown}\u00a0{letter}"
    return f"{number:,}".replace(",", "\u00a0")


def _stacked(series: Sequence[Series], at: int, column: float, top: float) -> list[Part]:
    """From the bottom up. What is little still shows, and the others stand on it."""
    found, below = [], BOTTOM
    x = round(LEFT + column * (at + (1 - FILLED) / 2), 1)
    for one in series:
        if one.values[at]:
            height = max(LEAST, (BOTTOM - TOP) * one.values[at] / top)
            below -= height
            found.append(Part(x, round(below, 1), round(column * FILLED, 1), round(height, 1), one.look))
    return found


def _y(value: float, top: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * value / top, 1)


def _words(names: Sequence[str], totals: Sequence[int], column: float) -> list[Word]:
    if not names:
        return []
    last = len(names) - 1
    found = [Word(LEFT, "start", names[0]), *([Word(RIGHT, "end", names[last])] if last else [])]
    begun = next((at for at, total in enumerate(totals) if total), 0)
    x = round(LEFT + column * (begun + (1 - FILLED) / 2), 1)
    if LEFT + WIDE <= x <= RIGHT - 2 * WIDE:
        found.insert(1, Word(x, "start", names[begun]))
    return found
