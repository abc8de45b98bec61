"""Writing the record. Call it last in an action, inside its transaction: the stream's head is the last lock taken."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from django.db import connection

from core import clock, events
from core.models import AuditEntry, AuditStream, AuditText, User


def record(
    *,
    stream: str,
    actor: User | None,
    action: str,
    subject: str,
    data: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
) -> AuditEntry:
    """Append one entry to `stream` (``release:7``, ``product:2``) and announce it there.

    `actor` None is Slipway itself. `data` holds ids and numbers, never names or free text: those go to `texts`, of
    which the entry keeps only salted hashes. Raises AssertionError outside of a transaction.
    """
    assert connection.in_atomic_block, "an audit entry belongs into the transaction of its change"
    AuditStream.objects.bulk_create([AuditStream(key=stream)], ignore_conflicts=True)
    head = AuditStream.objects.select_for_update(of=("self",)).get(key=stream)
    salted = {field: (secrets.token_hex(16), text) for field, text in (texts or {}).items() if text}
    content = dict(data or {})
    if salted:
        content["text_hashes"] = {field: text_hash(salt, text) for field, (salt, text) in salted.items()}
    entry = AuditEntry(
        stream=head,
        seq=head.seq + 1,
        at=clock.now(),
        actor=actor,
        action=action,
        subject=subject,
        data=content,
        previous=head.head,
    )
    entry.digest = entry_digest(as_record(entry))
    entry.save()
    AuditText.objects.bulk_create(
        [AuditText(entry=entry, field=field, salt=salt, text=text) for field, (salt, text) in salted.items()]
    )
    head.seq, head.head = entry.seq, entry.digest
    head.save(update_fields=["seq", "head"])
    events.announce(stream, action)
    return entry


def text_hash(salt: str, text: str) -> str:
    """Salted SHA-256, hexadecimal. With the salt erased, nobody can guess the text back from it."""
    return hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()


def as_record(entry: AuditEntry) -> dict[str, Any]:
    """What is hashed and what an export carries: plain JSON values only."""
    return {
        "stream": entry.stream_id,
        "seq": entry.seq,
        "at": entry.at.isoformat(timespec="microseconds"),
        "actor": entry.actor_id,
        "action": entry.action,
        "subject": entry.subject,
        "data": entry.data,
        "previous": entry.previous,
    }


def entry_digest(record: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON (sorted keys, no white space, UTF-8) of a record."""
    return hashlib.sha256(canonical(record)).hexdigest()


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
