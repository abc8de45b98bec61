"""What was said of a flag before and after a change of that, for the record and for its readers.

What people write (its name, description, tags) is kept apart from the record, so that it can be erased; the record has
its salted hash.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from core.models import AuditEntry, User
from flags.choices import FlagKind
from flags.diff import Change, Line
from flags.models import Flag

WRITTEN = ("name", "description", "tags")
CHOSEN = ("kind", "owner", "expected_removal", "for_clients")
ABOUT = {"expected_removal": "expected removal", "for_clients": "for clients"}
"""Fields that are called otherwise than in code."""
LONGEST = 160
"""Letters of a text around what differs."""
ACTION = "flag_described"


def words_of(flag: Flag) -> dict[str, Any]:
    """As plain values."""
    removal = flag.expected_removal
    return {
        "name": flag.name,
        "description": flag.description,
        "tags": ", ".join(flag.tags),
        "kind": str(flag.kind),
        "owner": flag.owner_id,
        "expected_removal": removal.isoformat() if isinstance(removal, datetime.date) else None,
        "for_clients": flag.for_clients,
    }


def for_record(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What an entry holds of the fields that differ, and the texts that are kept beside it."""
    fields = [field for field in (*WRITTEN, *CHOSEN) if before[field] != after[field]]
    chosen = {field: [before[field], after[field]] for field in fields if field in CHOSEN}
    written = {(field, when): said[field] for field in fields for when, said in (("was", before), ("is", after))}
    what = ", ".join(ABOUT.get(field, field) for field in fields) or "nothing"
    texts = {f"{field}_{when}": text for (field, when), text in written.items() if field in WRITTEN}
    return {"fields": fields, "what": what, "changes": chosen}, texts


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """From what is said of a flag (`words_of`) to something else; who owns it is no part of that."""
    found = []
    for field in (*WRITTEN, *(field for field in CHOSEN if field != "owner")):
        if before[field] != after[field]:
            texts = _around(before[field], after[field]) if field in WRITTEN else None
            old, new = texts or (_text(field, said[field], {}) for said in (before, after))
            found.append(_one(field, old, new))
    return found


def changes_in(entries: Iterable[AuditEntry]) -> dict[int, list[Change]]:
    """By entry, from what to what. The texts of the entries were prefetched."""
    told = [entry for entry in entries if entry.action == ACTION and "changes" in entry.data]
    owners = {pk for entry in told for pk in entry.data["changes"].get("owner", ())}
    people = {user.pk: str(user) for user in User.objects.filter(pk__in=owners)} if owners else {}
    return {entry.pk: _changes(entry, people) for entry in told}


def _changes(entry: AuditEntry, people: Mapping[int, str]) -> list[Change]:
    texts = {text.field: "(erased)" if text.erased_at else text.text for text in entry.texts.all()}
    found = []
    for field in entry.data["fields"]:
        if field in WRITTEN:
            before, after = _around(texts.get(f"{field}_was", ""), texts.get(f"{field}_is", ""))
        else:
            before, after = (_text(field, value, people) for value in entry.data["changes"][field])
        found.append(_one(field, before, after))
    return found


def _one(field: str, before: str, after: str) -> Change:
    title = ABOUT.get(field, field)
    return Change(title[:1].upper() + title[1:], [Line("", before, after)])


def _text(field: str, value: Any, people: Mapping[int, str]) -> str:
    if field == "owner":
        return people.get(value, "somebody") if value else "nobody"
    if field == "for_clients":
        return "yes" if value else "no"
    return str(FlagKind(value).label) if field == "kind" else str(value or "none")


def _around(before: str, after: str) -> tuple[str, str]:
    """Both cut to what stands around the first difference."""
    pairs = enumerate(zip(before, after, strict=False))
    same = next((at for at, (old, new) in pairs if old != new), min(len(before), len(after)))
    start = max(same - LONGEST // 4, 0) if max(len(before), len(after)) > LONGEST else 0
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    more = "…" if len(text) > start + LONGEST else ""
    return f"{'…' if start and text else ''}{text[start : start + LONGEST]}{more}"
