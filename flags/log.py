"""A history whose entries say what they changed, and why: what has no versions of its own to show that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.models import AuditEntry
from core.sentences import Told, tell
from flags.diff import Change
from flags.planned import reason_in


@dataclass(frozen=True)
class Logged:
    row: Told
    lines: Sequence[Change] = ()
    why: str = ""


def logged(entries: Iterable[AuditEntry], lines: Mapping[int, Sequence[Change]]) -> list[Logged]:
    """`lines`: by entry. The texts of the entries were prefetched."""
    rows = tell(entries)
    return [
        Logged(row, lines[row.entry.pk], reason_in(row.entry)) if row.entry.pk in lines else Logged(row) for row in rows
    ]
