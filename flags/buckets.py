"""A user's place on the line of buckets, as it is drawn: who is reached, or which variant takes which part. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.weights import FULL, as_percent
from flags.evaluation import Trace

WIDTH = 600
SHADES = ("one", "two", "three", "four")
"""Of the variants that are not the off-variant; what is beyond them shares the last."""
ROOM = 60
"""How much of the line the words at the mark take."""
LETTER = 11
"""How wide a letter is, also on a phone."""


@dataclass(frozen=True)
class Piece:
    """`name` stands in the middle below it, where there is room."""

    x: float
    width: float
    look: str
    name: str = ""

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)

    @property
    def legible(self) -> bool:
        return bool(self.name) and self.width > LETTER * (len(self.name) + 2)


@dataclass(frozen=True)
class Line:
    """`label` says what one would see; `limit` is where the percentage ends, if the line has one."""

    label: str
    mark: float
    anchor: str
    pieces: Sequence[Piece]
    limit: str = ""

    @property
    def limit_x(self) -> float:
        return min(max(self.pieces[0].width, ROOM / 2), WIDTH - ROOM / 2)


def looks(variants: Iterable[str], off: str) -> dict[str, str]:
    """How each is drawn, wherever it is: the `variants` of a flag in order."""
    others = [name for name in variants if name != off]
    return {off: "soft", **{name: SHADES[min(at, len(SHADES) - 1)] for at, name in enumerate(others)}}


def lines(trace: Trace) -> list[Line]:
    """One for the exposure, and one for the split that decided, if there is any."""
    found = [_exposure(trace)] if trace.bucket is not None and 0 < trace.weight < FULL else []
    decided = trace.decided
    if decided.bucket is not None and not (decided.kind in ("exposure", "rest") and decided.bucket == trace.bucket):
        found += _split(trace, decided.bucket)
    return found


def _exposure(trace: Trace) -> Line:
    assert trace.bucket is not None
    reached = "is reached" if trace.reached_at(trace.weight) else "is not reached"
    piece = Piece(0, _x(trace.weight), "one")
    label = f"Bucket {trace.bucket} of {FULL}; below {trace.weight} the percentage reaches: this user {reached}"
    return Line(label, _x(trace.bucket), _anchor(trace.bucket), [piece], as_percent(trace.weight))


def _split(trace: Trace, place: int) -> list[Line]:
    """Of the step that decided. What it gives stands in the definition: a rule's serve, or the flag's own."""
    targeting, decided = trace.definition.targeting, trace.decided
    rules = [step for step in trace.steps if step.kind == "rule"]
    serve = targeting["rules"][rules.index(decided)]["serve"] if decided.kind == "rule" else targeting["on"]
    if "split" not in serve:
        return []
    look = looks([name for name, _ in trace.definition.variants], targeting["off"])
    pieces, begin = [], 0
    for name, weight in serve["split"]:
        pieces.append(Piece(_x(begin), _x(weight), look.get(name, SHADES[-1]), name))
        begin += weight
    parts = ", ".join(f"{as_percent(weight)} {name}" for name, weight in serve["split"] if weight)
    label = f"Bucket {place} of {FULL} in the split: {parts}; this user gets {trace.variant}"
    return [Line(label, _x(place), _anchor(place), pieces)]


def _x(weight: int) -> float:
    return round(weight * WIDTH / FULL, 1)


def _anchor(place: int) -> str:
    """On which side of its mark "this user" stands: where there is room."""
    return "end" if _x(place) > ROOM else "start"
