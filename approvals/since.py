"""What changed since somebody read it: a few lines that say it, and all of it below them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from approvals import diff
from approvals.reading import gist
from core.audit import canonical
from flags import sealed
from releases.seal import Part

FEW = 3
"""How many lines of a part are said before “and 4 more”."""
WHO = "who gets what"
"""Key of what a flag gives whom, in the flags of a seal."""
FEW_OF_FLAGS = 6
"""A rule, a need, a pin and a segment change together, and each may give it to somebody."""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One part that is not what it was. `wording` only: cosmetic, what was signed still counts. `lines` are the few
    that say it, `all` those of every detail.
    """

    title: str
    lines: Sequence[diff.Change]
    all: Sequence[diff.Change]
    wording: bool

    @property
    def more(self) -> int:
        """How many details are not said."""
        return max(0, len(self.all) - len(self.lines))


@dataclass(frozen=True, kw_only=True)
class Since:
    """Everything that changed, and the titles of what did not."""

    changed: Sequence[Changed] = ()
    same: Sequence[str] = ()

    @property
    def more(self) -> int:
        return sum(one.more for one in self.changed)

    @property
    def full(self) -> list[Changed]:
        """Every detail of it."""
        return [replace(one, lines=one.all) for one in self.changed]

    @property
    def lines(self) -> list[tuple[str, str]]:
        """As (part, what became of it), for a mail."""
        return [(one.title, _in_words(line)) for one in self.changed for line in one.lines]


def since(parts: Sequence[Part], before: Mapping[str, Mapping[str, Any]], covers: Sequence[str] = ()) -> Since:
    """`before` are the parts as a seal stored them. Of all parts, or of those that a stage covers."""
    changed, same = [], []
    for part in parts:
        if covers and part.name not in covers:
            continue
        was = before.get(part.name, {"digest": "", "content": None})
        if canonical(was["content"]) == canonical(part.content):  # to Python, true is 1
            same.append(part.title.lower())
        else:
            changed.append(_changed(part, was))
    return Since(changed=changed, same=same)


def _changed(part: Part, was: Mapping[str, Any]) -> Changed:
    old, new = gist(part.name, was["content"]), gist(part.name, part.content)
    if part.name == "flags":
        said, lines = _of_flags(was["content"] or {}, part.content)
    else:
        lines = [_plain(line, part.title) for line in diff.changes(was["content"], part.content)]
        said = [diff.Change(what="", before=old, after=new)] if old != new else lines[:FEW]
    return Changed(title=part.title, lines=said, all=lines, wording=was["digest"] == part.digest)


def _of_flags(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[list[diff.Change], list[diff.Change]]:
    """The few lines and all. Who gets what reads as on a flag's own pages. Of each thing that changed one line is said
    before a second of any: a hundred pins hide no rule.
    """
    guards = diff.changes(*({key: one[key] for key in one if key != WHO} for one in (before, after)))
    kept = sealed.keys(before.get("features", ())) & sealed.keys(after.get("features", ()))
    told = sealed.differences(before.get(WHO, ()), after.get(WHO, ()), kept)
    parts = [[line] for line in guards] + [[diff.Change(**asdict(line)) for line in part] for part in told]
    lines = [line for part in parts for line in part] or diff.changes(before, after)
    ranks = [(rank, place) for place, part in enumerate(parts) for rank in range(len(part))]
    said = set(sorted(ranks)[:FEW_OF_FLAGS])
    few = [line for place, part in enumerate(parts) for rank, line in enumerate(part) if (rank, place) in said]
    return few or lines[:FEW_OF_FLAGS], lines


def _plain(line: diff.Change, title: str) -> diff.Change:
    """Without a name that only repeats the part's title."""
    return replace(line, what="") if line.what == title.lower() else line


def _in_words(line: diff.Change) -> str:
    what = f"{line.what}: " if line.what else ""
    if not line.before:
        return f"{what}{line.after}" if line.what.endswith(", new") else f"{what}{line.after} (new)"
    return f"{what}{line.before} → {line.after or 'removed'}"
