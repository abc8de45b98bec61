"""What a segment was before and after each change, for the record and for its readers.

A condition may name people by key or by address, so all of it is kept apart from the record, where it can be erased
(`flags.forgetting`); the record has its salted hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from core.chain import canonical
from core.models import AuditEntry, AuditText
from flags import diff
from flags.diff import Change
from flags.forgetting import GONE
from flags.models import Segment

CONDITION = "condition"


def texts(segment: Segment) -> dict[str, str]:
    """What stands beside an entry about it."""
    condition = canonical(segment.condition).decode()
    return {"name": segment.name, "description": segment.description, CONDITION: condition}


def changes_in(entries: Iterable[AuditEntry]) -> dict[int, list[Change]]:
    """By entry, what it changed. `entries` are those of one segment, the newest first, with their texts; the last one
    is only what the one after it is told from. One of before the texts were kept tells nothing.
    """
    kept = [(entry, {text.field: text for text in entry.texts.all()}) for entry in entries]
    found = {}
    for (entry, now), (_, before) in pairwise(kept):
        if CONDITION in now and CONDITION in before:
            found[entry.pk] = diff.segment(_as_it_was(before), _as_it_was(now))
    return found


def _as_it_was(texts: Mapping[str, AuditText]) -> dict[str, Any]:
    condition = texts[CONDITION]
    words = {field: _text(texts.get(field)) for field in ("name", "description")}
    return {**words, CONDITION: None if condition.erased_at else json.loads(condition.text)}


def _text(text: AuditText | None) -> str:
    if text is None:
        return ""
    return GONE if text.erased_at else text.text
