"""Where to listen for changes. A server shows its key there; a browser cannot, so it gets an address with a ticket.

A ticket names the key's number, the origin and the version it was given with, is signed, and opens only the stream, for
a minute. The key is not in it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

import orjson
from django.conf import settings
from django.core import signing

from flags.choices import KeyKind
from flags.doors import Door

PATH = "/ofrep/v1/stream"
SALT = "flags.stream"
INACTIVITY_SECONDS = 120
MOST_ORIGINS = 100


@dataclass(frozen=True)
class Ticket:
    key: int
    origin: str
    version: int


def streams(door: Door, origin: str) -> tuple[int, bytes]:
    """When the ticket for this origin was issued (0: none is needed), and the end of a bulk answer, which names the
    stream. Signed anew only every few seconds.
    """
    if door.key.kind == KeyKind.SERVER:
        return 0, SERVER_STREAMS
    now = time.time()
    known = door.streams.get(origin)
    if known is None or now - known[0] > settings.FLAG_TICKET_SECONDS / 12:
        if len(door.streams) >= MOST_ORIGINS:
            door.streams.clear()
        ticket = signing.dumps([door.key.id, origin, door.view.version], salt=SALT)
        known = door.streams[origin] = (now, _end(f"{PATH}?ticket={ticket}"))
    return int(known[0]), known[1]


def renewed_before(door: Door, now: float) -> float:
    """A client whose ticket was issued before that needs a new one."""
    return 0.0 if door.key.kind == KeyKind.SERVER else now - settings.FLAG_TICKET_SECONDS * 5 / 6


def read(text: str) -> Ticket | None:
    """None if it is not ours, or has expired."""
    try:
        key, origin, version = signing.loads(text, salt=SALT, max_age=timedelta(seconds=settings.FLAG_TICKET_SECONDS))
    except signing.BadSignature:
        return None
    return Ticket(key, origin, version)


def _end(address: str) -> bytes:
    stream = {"type": "sse", "endpoint": {"requestUri": address}, "inactivityDelaySec": INACTIVITY_SECONDS}
    return b'],"eventStreams":' + orjson.dumps([stream]) + b"}"


SERVER_STREAMS = _end(PATH)
