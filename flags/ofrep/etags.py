"""ETags of bulk answers: what the entries say, and since when the stream that they name may be joined.

A 304 has no body, so whoever gets one goes on with the stream of the last 200. A browser's stream is joined with a
ticket that expires: once it is about to, the same content gets a 200 with a new one, else it would be locked out.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable

from mmh3 import mmh3_x64_128_digest

from flags.ofrep.wire import Headers

MOST_KNOWN = 20
"""Tags that are looked at: a header has room for many thousands."""


def known_to(headers: Headers) -> list[bytes]:
    """The tags of If-None-Match, each without its mark of weakness."""
    said = headers.get(b"if-none-match", b"").split(b",", MOST_KNOWN)[:MOST_KNOWN]
    return [tag.strip().removeprefix(b"W/") for tag in said]


def content(entries: bytes) -> bytes:
    """Of these entries: equal in every process and version. MurmurHash3, 128 bit: nobody can choose what is hashed."""
    return urlsafe_b64encode(mmh3_x64_128_digest(entries))


def write(content: bytes, issued: int) -> bytes:
    """`issued`: when the stream's ticket was, in Unix seconds; 0 for a stream that wants none."""
    return b'"%b.%x"' % (content, issued) if issued else b'"%b"' % content


def still_good(known: Iterable[bytes], content: bytes, renewed_before: float) -> bytes | None:
    """Which of the tags that a client knows (If-None-Match) stands for `content`, with a ticket issued since then."""
    for tag in known:
        said, _, issued = tag.strip(b'"').partition(b".")
        if said == content and _number(issued) >= renewed_before:
            return tag
    return None


def _number(issued: bytes) -> float:
    try:
        return int(issued[:12], 16)
    except ValueError:
        return 0
