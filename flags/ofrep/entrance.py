"""Who may ask: the key, where it is used from, and how often."""

from __future__ import annotations

import hashlib
import math
import time

from django.conf import settings

from flags import serving
from flags.doors import Door
from flags.ofrep.wire import Answer, Headers, Lines, problem

NO_KEY = Answer(
    401,
    problem("Send a valid flag key: Authorization: Bearer slf_… or X-API-Key: slf_…"),
    ((b"www-authenticate", b"Bearer"),),
)
NOTHING_HELD = Answer(
    503,
    problem("No flags have been loaded yet: the database cannot be reached, and there is no copy on disk."),
    ((b"retry-after", b"1"),),
)


def enter(headers: Headers) -> Door | Answer:
    """What the key in the headers opens, or why it does not: no flags are held yet, no such key (any more), a browser
    from where it may not be used, or too often.
    """
    holder = serving.holder
    if not holder.houses:
        return NOTHING_HELD
    door = holder.doors.by_digest.get(digest(headers))
    return NO_KEY if door is None else check(door, headers)


def again(door: Door) -> Door | Answer:
    """The same door after waiting for something: it may lead to a newer version, or be shut."""
    return serving.holder.doors.by_digest.get(door.digest) or NO_KEY


def digest(headers: Headers) -> str:
    scheme, _, credentials = headers.get(b"authorization", b"").partition(b" ")
    key = credentials.strip() if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"").strip()
    return hashlib.sha256(key).hexdigest()


def check(door: Door, headers: Headers) -> Door | Answer:
    """Whether a door that is known opens now, to whoever sent these headers."""
    now = time.time()
    if not door.opens_at(now):
        return NO_KEY
    origin = headers.get(b"origin")
    if origin is not None and not door.admits(origin.decode("latin-1")):
        return Answer(
            403, problem("This key may not be used from this origin; its origins stand on the product's page.")
        )
    rate = door.key.rate or settings.FLAG_RATE
    if rate:
        wait = door.meter.wait(rate, time.monotonic())
        if wait:
            said = f"This key may ask {rate:g} times a second."
            return Answer(429, problem(said), ((b"retry-after", b"%d" % math.ceil(wait)),))
    door.meter.used_at = now
    return door


def held(door: Door) -> Lines:
    """Which version answered, and how many seconds ago it was last known to be current."""
    return (
        (b"slipway-flags-version", door.view.version_text),
        (b"slipway-flags-age", b"%d" % serving.holder.age),
    )
