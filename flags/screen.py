"""What the list shows of flags: where each stands in its life, how old it is, who asked for it when, and what share of
production has it. Pure: lives come in, rows under headings come out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlencode

from core.weights import as_percent
from core.words import span
from flags import rules
from flags.choices import Stage
from flags.lifecycle import Life
from flags.models import Flag, FlagState

PER_PAGE = 80
"""Rows on one page of the list."""
ORDER = (Stage.STALE, Stage.RAMPING, Stage.NEW, Stage.LIVE)
"""What asks for somebody first, what is done last."""
TITLES = MappingProxyType({Stage.STALE: "Clean-up due"})
"""Where people say it with other words than the model."""


@dataclass(frozen=True)
class Row:
    """One flag in the list. `asked` is when it was last in any answer, `share` how much of production has it."""

    flag: Flag
    life: Life
    about: str
    age: str
    asked: str
    share: str
    killed: bool

    @property
    def stage(self) -> Stage:
        return self.life.stage


@dataclass(frozen=True)
class Group:
    stage: Stage
    rows: Sequence[Row]

    @property
    def title(self) -> str:
        return title(self.stage)


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; empty: anything."""

    text: str = ""
    stage: str = ""
    kind: str = ""
    type: str = ""
    tag: str = ""
    owner: str = ""

    @property
    def narrows(self) -> bool:
        """Whether a filter beside the text and the tab is set."""
        return bool(self.kind or self.type or self.tag or self.owner)

    @property
    def anything(self) -> bool:
        return self == Wanted()

    @property
    def query(self) -> str:
        """For an address that looks for the same, but for the tab and the page."""
        sent = {"q": self.text, "kind": self.kind, "type": self.type, "tag": self.tag, "owner": self.owner}
        return urlencode({name: value for name, value in sent.items() if value})

    def fits(self, row: Row) -> bool:
        """All but the stage: its tabs say how many there would be."""
        flag = row.flag
        if self.kind not in ("", flag.kind) or self.type not in ("", flag.type):
            return False
        if self.tag and self.tag not in flag.tags:
            return False
        if self.owner and self.owner != str(flag.owner_id):
            return False
        facts = row.life.facts
        words = (flag.key, flag.name, str(flag.owner or ""), facts.holder, facts.release, *flag.tags)
        return not self.text or any(self.text.casefold() in word.casefold() for word in words)


def row(flag: Flag, life: Life, now: datetime) -> Row:
    """Without a query, if the flag's states, their environments and its owner were fetched."""
    live = next((state for state in flag.states.all() if state.environment.is_production), None)
    facts = life.facts
    return Row(
        flag=flag,
        life=life,
        about=_about(flag, life),
        age=_first_unit(now - flag.created_at),
        asked=_ago(now - facts.asked_at) if facts.asked_at else "never",
        share=share(live),
        killed=bool(live and not live.enabled),
    )


def share(state: FlagState | None) -> str:
    """How much of production has it, in a word."""
    if state is not None and not state.enabled:
        return "off"
    if state is None or state.withheld:
        return as_percent(0)
    if state.weight == 0 and rules.targets(state.targeting):
        return "by rules"
    return as_percent(state.weight)


def title(stage: Stage) -> str:
    return TITLES.get(stage, stage.label)


def tabs(rows: Iterable[Row]) -> list[tuple[str, str, int]]:
    """The list's tabs with how many stand behind each: value, name, count."""
    counts = Counter(one.stage for one in rows)
    first = [(stage, title(stage), counts[stage]) for stage in (Stage.NEW, Stage.RAMPING, Stage.LIVE, Stage.STALE)]
    return [("", "All", counts.total()), *((stage.value, name, count) for stage, name, count in first)]


def groups(rows: Iterable[Row], stage: str, page: int) -> tuple[list[Group], int]:
    """One page of the rows under their headings, and how many pages there are; `stage` empty: all."""
    found = [one for one in rows if stage in ("", one.stage)]
    found.sort(key=lambda one: (ORDER.index(one.stage), one.flag.key, one.flag.pk))
    pages = max(1, -(-len(found) // PER_PAGE))
    first = PER_PAGE * (min(max(page, 1), pages) - 1)
    shown = found[first : first + PER_PAGE]
    held = [(one, [row for row in shown if row.stage is one]) for one in ORDER]
    return [Group(one, rows) for one, rows in held if rows], pages


def _about(flag: Flag, life: Life) -> str:
    facts = life.facts
    name = facts.holder or facts.release or flag.name
    if life.stage is Stage.STALE:
        return f"{life.reasons[0].due.label}: {name}"
    return f"tried elsewhere: {name}" if life.stage is Stage.NEW and facts.elsewhere else name


def _ago(passed: timedelta) -> str:
    return f"{_first_unit(passed)} ago" if passed >= timedelta(seconds=1) else "just now"


def _first_unit(passed: timedelta) -> str:
    return "\u00a0".join(span(passed).split("\u00a0")[:2])
