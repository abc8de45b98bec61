"""What somebody else changed while a page was open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.models import AuditEntry
from flags import definition, diff
from flags.models import FlagState, FlagVersion
from flags.planned import reason_in


@dataclass(frozen=True)
class Meanwhile:
    """The last change of all that were missed, and what they changed together."""

    entry: AuditEntry
    lines: Sequence[diff.Change]

    @property
    def reason(self) -> str:
        return reason_in(self.entry)


def meanwhile(state: FlagState, read: int | None) -> Meanwhile | None:
    """What became of the flag there since version `read`; None if nothing did."""
    if read is None or state.version == read:
        return None
    kept = FlagVersion.objects.filter(flag=state.flag, environment=state.environment, version__gte=read)
    rows = list(kept.select_related("entry__actor").prefetch_related("entry__texts").order_by("-version")[:500])
    missed = [row for row in rows if row.version > read]
    if not missed:
        return None
    before = next((row.definition for row in rows if row.version == read), None)
    lines = diff.changes(before, definition.complete(state.flag, state)) if before else []
    return Meanwhile(missed[0].entry, lines)
