"""The arithmetic of the record: how an entry is hashed, a text salted, an anchor signed. Plain Python, so that the
verifier runs without Django, without a database and long after both are gone.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

GENESIS = "0" * 64


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no white space, UTF-8: the same bytes for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def entry_digest(record: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of a record, hexadecimal."""
    return hashlib.sha256(canonical(record)).hexdigest()


def text_hash(salt: str, text: str) -> str:
    """Salted SHA-256, hexadecimal. With the salt erased, nobody can guess the text back from it."""
    return hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()


def anchor_payload(*, at: str, heads: Mapping[str, Any], key_id: str) -> bytes:
    """What an anchor's signature covers. `heads`: the streams that moved since the anchor before, key → [seq, head]."""
    return canonical({"at": at, "heads": heads, "key_id": key_id})
