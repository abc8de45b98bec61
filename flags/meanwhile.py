"""What somebody else changed while a page was open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.jsons import loads
from core.models import AuditEntry
from flags import definition, diff, evaluation
from flags.models import FlagState, FlagVersion, Segment
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


def in_segment(segment: Segment, edition: int | None, was: str) -> Meanwhile | None:
    """The same of a segment since that `edition`. How it `was` stands in the page alone that somebody read it on."""
    if edition is None or edition == segment.edition:
        return None
    entries = AuditEntry.objects.filter(subject=f"segment:{segment.pk}", action="segment_changed")
    entry = entries.select_related("actor").prefetch_related("texts").first()
    before = _read(was)
    lines = diff.segment(before, about_segment(segment)) if before else []
    return Meanwhile(entry, lines) if entry else None


def about_segment(segment: Segment) -> dict[str, Any]:
    return {"name": segment.name, "description": segment.description, "condition": segment.condition}


def _read(was: str) -> dict[str, Any] | None:
    """None for what no page of ours has sent."""
    try:
        found = loads(was)
        named = evaluation.used_segments(found["condition"])
        condition = evaluation.parse_condition(found["condition"], segments=named)
        return {"name": str(found["name"]), "description": str(found["description"]), "condition": condition}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
