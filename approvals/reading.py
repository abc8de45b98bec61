"""Sealed parts as facts that read: what ships, to whom, watched by what, and how we get back.

The page shows the very content that is hashed. What matters most of it is put into sentences here; all of it is shown
leaf by leaf below them, so that nothing is signed unseen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from approvals.diff import changes
from core.ui import Point
from core.words import span
from flags import sealed
from flags.evaluation.phrases import Phrase, plain
from releases.seal import Part

WHOM = "To whom"
LINES = 6
"""Of a term that are read without opening the rest."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A term, what stands out of it, the rest of the sentence, and lines of their own below it."""

    term: str
    strong: Sequence[str] = ()
    text: str = ""
    soft: str = ""
    lines: Sequence[Phrase] = ()

    @property
    def first(self) -> Sequence[Phrase]:
        return self.lines[:LINES]

    @property
    def others(self) -> Sequence[Phrase]:
        """What does not stand on the page's one screen, to be opened."""
        return self.lines[LINES:]

    @property
    def words(self) -> str:
        """As one text, for a mail."""
        more = [f"and {len(self.others)} more, on the page"] if self.others else []
        below = "; ".join([*(plain(line) for line in self.first), *more])
        return " ".join(filter(None, (*self.strong, self.text, self.soft, f"{below}." if below else "")))


def facts(parts: Sequence[Part]) -> list[Fact]:
    """The page's list of terms, in reading order."""
    candidates: list[dict[str, Any]] = next((part.content for part in parts if part.name == "candidates"), [])
    return [
        *_ships(_content(parts, "features"), candidates),
        *(_whom(fact, parts) for fact in _plan(_content(parts, "plan"))),
        Fact(term="Way back", text=str(_content(parts, "way_back").get("way back", "")) or "Not written yet."),
    ]


def _whom(fact: Fact, parts: Sequence[Part]) -> Fact:
    """Beside the percentage stand those who get it whatever that is, and what else each flag asks for."""
    rows = _content(parts, "flags").get("who gets what", ()) if fact.term == WHOM else ()
    lines = sealed.whom(rows)
    return replace(fact, text=_tight(fact.text), soft=_tight(fact.soft), lines=lines)


def leaves(part: Part) -> list[tuple[str, str]]:
    """Everything a part says, as (what, value)."""
    return [(change.what, change.after) for change in changes(None, part.content) if change.after]


def gist(name: str, content: Any) -> str:
    """The one line that a part comes down to, where it has one: versions, percentages, names."""
    rows = content if isinstance(content, list) else []
    found: dict[str, Any] = content if isinstance(content, dict) else {}
    match name:
        case "candidates":
            return ", ".join(str(row["version"]) for row in rows if row.get("version"))
        case "plan":
            return " → ".join(str(row.get("exposure", "")).removesuffix(" %") for row in found.get("steps", [])) + (
                " %" if found.get("steps") else ""
            )
        case "features":
            return ", ".join(str(row["name"]) for row in found.get("features", []))
        case "way_back":
            return str(found.get("way back", ""))
        case _:
            return ""


def steps(parts: Sequence[Part], *, done: bool = False) -> list[Point]:
    """The plan's way, one notch per step with its time after the start; nothing where there is no plan. `done`: all of
    it lies behind.
    """
    plan = _content(parts, "plan")
    points, passed = [], timedelta()
    for place, row in enumerate(plan.get("steps", [])):
        go = f", {row['go by']} presses go" if row.get("go by") else ""
        at = f"after {span(passed)}" if passed else "at the start"
        here = "done" if done else "now" if place == 0 else "todo"
        points.append(Point(name=str(row.get("exposure", "")), note=f"{at}{go}", at=here))
        passed += _length(str(row.get("bakes for", "")))
    watch = f"after {span(passed)}, for {plan.get('rollback window', '')}"
    return [*points, Point(name="Watch", note=watch, at="done" if done else "todo")] if points else []


def _tight(words: str) -> str:
    """With no-break spaces between a number and its unit."""
    return re.sub(r"(\d) (d|h|min|s|%)(?!\w)", "\\1\u00a0\\2", words)


_UNITS = {"d": "days", "h": "hours", "min": "minutes", "s": "seconds"}


def _length(words: str) -> timedelta:
    """What the plan's words say: ``1 h 30 min``."""
    return sum(
        (timedelta(**{_UNITS[unit]: int(count)}) for count, unit in re.findall(r"(\d+) (d|h|min|s)\b", words)),
        start=timedelta(),
    )


def _content(parts: Sequence[Part], name: str) -> dict[str, Any]:
    found = next((part.content for part in parts if part.name == name), None)
    return found if isinstance(found, dict) else {}


def _ships(part: dict[str, Any], candidates: Sequence[dict[str, Any]]) -> list[Fact]:
    names = [feature["name"] for feature in part.get("features", [])]
    grouped = len(names) > 1 and part.get("kind") == "grouped"
    builds = ", ".join(f"{row['product']} {row['version']}" for row in candidates if row["version"])
    return [
        Fact(
            term="What ships",
            strong=names,
            text=", together or not at all." if grouped else ".",
            soft=part.get("summary", ""),
        ),
        Fact(term="Build", text=builds or "none yet"),
    ]


def _plan(plan: dict[str, Any]) -> list[Fact]:
    """To whom, when and watched by what, from the plan's own words."""
    rows = plan.get("steps", [])
    if not rows:
        return [Fact(term=WHOM, text="No rollout plan is written yet.")]
    first, *then = [str(row.get("exposure", "")) for row in rows]
    where = f" in {plan['environment']}" if plan.get("environment") else ""
    whom = f"{first} of users first" if then else f"{first} of users at once"
    follow = f", then {' → '.join(then)}" if then else ""
    bakes = [f"{row.get('exposure')} for {row['bakes for']}" for row in rows if row.get("bakes for")]
    to_all = sum((_length(str(row.get("bakes for", ""))) for row in rows[:-1]), start=timedelta())
    watch = plan.get("rollback window")
    kpis = plan.get("watched by", [])
    breaches = list(dict.fromkeys(str(row.get("if breached", "")) for row in kpis if row.get("if breached")))
    return [
        Fact(term=WHOM, text=f"{whom}{follow}{where}.", soft="Whoever has it keeps it."),
        Fact(
            term="When",
            text=f"At least {span(to_all)} from the start: {', '.join(bakes)}."
            if to_all
            else "At once when it starts.",
            soft=f"The old version is kept warm for {watch} after." if watch else "",
        ),
        Fact(
            term="Watched",
            text=f"{', '.join(str(row.get('name', '')) for row in kpis)}." if kpis else "No KPI watches it.",
            soft=f"On a breach: {' or '.join(breaches)}." if breaches else "",
        ),
    ]
