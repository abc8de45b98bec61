"""Writing the record. Call it last in an action, inside its transaction: the stream's head is the last lock taken."""

import secrets
from collections.abc import Mapping
from typing import Any

from django.db import connection

from core import clock, events
from core.chain import canonical, entry_digest, text_hash
from core.models import AuditEntry, AuditStream, AuditText, User

__all__ = ["as_record", "canonical", "entry_digest", "record", "text_hash"]


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
    _let_go_if_frozen()
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


def _let_go_if_frozen() -> None:
    """Everything about a release waits for its stream's head, a rollback too: should this process freeze while it holds
    that, PostgreSQL ends its transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '5s'")


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
