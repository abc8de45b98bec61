"""Heads of the record, signed with a key outside the database and kept in two places: a table and a file."""

import fcntl
import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.db import connection, transaction

from core import clock
from core.audit import as_record
from core.chain import anchor_payload
from core.models import AuditAnchor, AuditEntry, AuditStream, AuditText
from core.verify import Report, key_id, read_lines, verify

_LOCK = 0x51A0  # one anchor at a time
MARGIN = timedelta(hours=1)  # no transaction is open that long


def anchor() -> AuditAnchor | None:
    """Sign the heads that moved since the last anchor; None if none did. The file is written first: it may know more
    than the table, never less.
    """
    key = signing_key()
    identity = key_id(key.public_key())
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        heads = _moved()
        if not heads:
            return None
        at = clock.now()
        signature = key.sign(anchor_payload(at=at.isoformat(), heads=heads, key_id=identity)).hex()
        fresh = AuditAnchor(at=at, heads=heads, signature=signature, key_id=identity)
        _append(_line(fresh))
        fresh.save()
        return fresh


def _moved() -> dict[str, list[Any]]:
    """The heads that no anchor holds yet, looked for where something was written since the last anchor. An entry says
    when it was written, not when it was committed, so the look goes an hour further back.
    """
    streams = AuditStream.objects.filter(seq__gt=0)
    anchored: dict[str, int] = {}
    last = AuditAnchor.objects.order_by("-at").first()
    if last:
        since = last.at - MARGIN
        streams = streams.filter(entries__at__gte=since).distinct()
        for heads in AuditAnchor.objects.filter(at__gte=since).order_by("at").values_list("heads", flat=True):
            anchored |= {stream: seq for stream, (seq, _) in heads.items()}
    return {one.key: [one.seq, one.head] for one in streams.order_by("key") if anchored.get(one.key) != one.seq}


def signing_key() -> Ed25519PrivateKey:
    """The key at `settings.AUDIT_KEY_FILE`, made once, readable by its owner only; its public half stands beside it."""
    file: Path = settings.AUDIT_KEY_FILE
    if not file.exists():
        _make_key(file)
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{file} is not an Ed25519 private key.")
    return key


def _make_key(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    fresh = file.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as private:
        private.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        file.hardlink_to(fresh)  # the first of several processes wins
    except FileExistsError:
        return
    finally:
        fresh.unlink()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    file.with_suffix(".pub").write_bytes(public)


def _append(line: dict[str, Any]) -> None:
    file: Path = settings.AUDIT_ANCHOR_FILE
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        out.write(json.dumps(line, separators=(",", ":")) + "\n")
        out.flush()
        os.fsync(out.fileno())


def _line(one: AuditAnchor) -> dict[str, Any]:
    return {
        "kind": "anchor",
        "at": one.at.isoformat(),
        "heads": one.heads,
        "key_id": one.key_id,
        "signature": one.signature,
    }


def export() -> Iterator[dict[str, Any]]:
    """The whole record as lines of plain JSON, as `core.verify` reads them."""
    for entry in AuditEntry.objects.order_by("stream_id", "seq").iterator(chunk_size=1_000):
        yield {"kind": "entry", "record": as_record(entry), "digest": entry.digest}
    for text in AuditText.objects.select_related("entry").order_by("pk").iterator(chunk_size=1_000):
        yield {
            "kind": "text",
            "stream": text.entry.stream_id,
            "seq": text.entry.seq,
            "field": text.field,
            "salt": text.salt,
            "text": text.text,
            "erased": text.erased_at is not None,
        }
    for stream in AuditStream.objects.order_by("key").iterator(chunk_size=1_000):
        yield {"kind": "head", "stream": stream.key, "seq": stream.seq, "head": stream.head}
    for one in AuditAnchor.objects.order_by("at").iterator(chunk_size=1_000):
        yield _line(one)


def check() -> Report:
    """Verify the record as it stands, against the anchors in the table and those in the file. One snapshot: reads
    nothing that is being written meanwhile.
    """
    key = signing_key().public_key()
    with transaction.atomic():
        read_one_snapshot()
        return verify(_all_lines(), {key_id(key): key})


def read_one_snapshot() -> None:
    """From here to the end of the outermost transaction, see the database as it is now. Inside another transaction
    (which has its snapshots already) this changes nothing.
    """
    if len(connection.atomic_blocks) == 1:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _all_lines() -> Iterator[dict[str, Any]]:
    file: Path = settings.AUDIT_ANCHOR_FILE
    # read before the table, which is written after it: a younger anchor may be in the snapshot, an older is
    filed = list(read_lines(file)) if file.exists() else []
    yield from export()
    yield from filed
