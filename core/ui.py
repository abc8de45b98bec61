"""What the elements of a page are given: small frozen facts, so that a rule can produce one and a test can read it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """The sentence a page opens with. `lead` carries the tone (``Blocked:``), `then` is what follows (without its
    arrow), `more` a second, smaller paragraph.
    """

    tone: str
    icon: str
    lead: str
    text: str
    then: str = ""
    more: str = ""


@dataclass(frozen=True)
class Point:
    """One notch of the slipway. `at` is done, now or todo; `done_to` says how far its way is covered (0 to 100);
    `undone` draws that part dotted, because it was taken back. With `tone` and `icon` the name is a state.
    """

    name: str
    note: str = ""
    at: str = "todo"
    done_to: float = 0
    undone: bool = False
    tone: str = ""
    icon: str = ""

    @property
    def reached(self) -> bool:
        return self.at != "todo" and not self.undone


@dataclass(frozen=True)
class Notch:
    """Where a notch of the small slipway stands, in its own pixels."""

    x: float
    top: float
    bottom: float
    done: bool


@dataclass(frozen=True)
class MiniRail:
    """The slipway in a list row: 132 × 22, lowered by its incline from left to right."""

    notches: Sequence[Notch]
    end: float
    end_y: float
    hull_x: float
    hull_y: float
    undone: bool


WIDTH, DROP, TOP = 132, 4.6, 12.0


def mini(points: Sequence[Point]) -> MiniRail:
    """The drawing of `points` for a row: the hull stands where the last covered way ends."""
    column = WIDTH / max(len(points), 1)
    end = 0.0
    for index, point in enumerate(points):
        if point.at == "done" or point.at == "now":
            end = index * column + column * (100 if point.at == "done" else point.done_to) / 100
    notches = [_notch(1 + index * column, done=point.reached) for index, point in enumerate(points)]
    hull_x = min(end, WIDTH - 22)
    return MiniRail(
        notches, round(end, 1), _y(end), round(hull_x, 1), round(_y(hull_x) - 11, 1), any(p.undone for p in points)
    )


def _y(x: float) -> float:
    return round(TOP + DROP * x / WIDTH, 1)


def _notch(x: float, *, done: bool) -> Notch:
    return Notch(round(x, 1), round(_y(x) - 3, 1), round(_y(x) + 3, 1), done)
