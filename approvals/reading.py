"""Sealed parts as facts that read: what ships, to whom, watched by what, and how we get back.

The page shows the very content that is hashed. What matters most of it is put into sentences here; all of it is shown
leaf by leaf below them, so that nothing is signed unseen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from approvals.diff import changes
from core.ui import Point
from core.weights import as_percent
from core.words import span
from releases.models import Release
from releases.seal import Part


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A term, what stands out of it, and the rest of the sentence."""

    term: str
    strong: Sequence[str] = ()
    text: str = ""
    soft: str = ""


def facts(parts: Sequence[Part], release: Release) -> list[Fact]:
    """The page's list of terms, in reading order."""
    content = {part.name: part.content for part in parts}
    return [*_ships(content, release), *_plan(content.get("plan")), *_back(content)]


def leaves(part: Part) -> list[tuple[str, str]]:
    """Everything a part says, as (what, value)."""
    return [(change.what, change.after) for change in changes(None, part.content) if change.after]


def steps(parts: Sequence[Part]) -> list[Point]:
    """The plan's way, one notch per step; nothing where there is no plan."""
    plan = next((part.content for part in parts if part.name == "plan"), None)
    rows = plan.get("steps", []) if isinstance(plan, dict) else []
    points = [
        Point(name=_weight(row), note=_bake(row), at="now" if place == 0 else "todo")
        for place, row in enumerate(rows)
        if isinstance(row, dict)
    ]
    watch = str(plan.get("watch", "")) if isinstance(plan, dict) else ""
    return [*points, Point(name="Watch", note=watch)] if points else []


def _ships(content: dict[str, Any], release: Release) -> list[Fact]:
    part = content.get("features") or {}
    names = [feature["name"] for feature in part.get("features", [])]
    together = "together or not at all" if len(names) > 1 and part.get("kind") == "grouped" else ""
    builds = ", ".join(
        f"{row['product']} {row['version']}" for row in content.get("candidates") or [] if row["version"]
    )
    return [
        Fact(term="What ships", strong=names, text=together, soft=part.get("summary", "")),
        Fact(term="Build", text=builds or "none yet"),
    ]


def _back(content: dict[str, Any]) -> list[Fact]:
    part = content.get("way_back") or {}
    return [Fact(term="Way back", text=part.get("way back", "") or "Not written yet.")]


def _plan(plan: Any) -> list[Fact]:
    """To whom, when and watched by what, from the plan's own words."""
    if not isinstance(plan, dict) or not plan.get("steps"):
        return [Fact(term="To whom", text="No rollout plan is written yet.")]
    rows = [row for row in plan["steps"] if isinstance(row, dict)]
    weights = [_weight(row) for row in rows]
    where = f" in {plan['environment']}" if plan.get("environment") else ""
    whom = Fact(
        term="To whom",
        text=f"{weights[0]} of users first, then {', '.join(weights[1:])}{where}."
        if len(weights) > 1
        else f"{weights[0]}.",
        soft="Whoever has it keeps it.",
    )
    bakes = [f"{_weight(row)} for {_bake(row).removeprefix('bakes ')}" for row in rows if _bake(row)]
    kpis = [str(row.get("name", "")) for row in plan.get("kpis", []) if isinstance(row, dict)]
    watched = Fact(
        term="Watched",
        text=f"{', '.join(kpis)}." if kpis else "No KPI watches it.",
        soft=_thresholds(plan.get("kpis", [])),
    )
    return [whom, Fact(term="When", text=f"At least {'; '.join(bakes)}." if bakes else "By hand."), watched]


def _thresholds(kpis: Any) -> str:
    found = [f"{row.get('name')} at most {row['limit']}" for row in kpis if isinstance(row, dict) and row.get("limit")]
    return f"{'; '.join(found)}." if found else ""


def _weight(row: dict[str, Any]) -> str:
    weight = row.get("weight")
    return as_percent(weight) if isinstance(weight, int) else str(weight)


def _bake(row: dict[str, Any]) -> str:
    seconds = row.get("bake_seconds", row.get("bake"))
    if isinstance(seconds, int):
        return f"bakes {span(timedelta(seconds=seconds))}"
    return f"bakes {seconds}" if seconds else ""
