"""The whole rule set as flagd's JSON, for servers that evaluate in their own process (an HTTP source of flagd)."""

from __future__ import annotations

import asyncio

from flags.choices import KeyKind
from flags.doors import House
from flags.ofrep import browsers, entrance, etags
from flags.ofrep.evaluate import CACHING
from flags.ofrep.wire import Answer, Headers, Scope, problem

PATH = b"/flagd/v1/flags.json"
SERVERS_ONLY = Answer(403, problem("The rules are for server keys only; a client key reads results."))


async def answer(scope: Scope, headers: Headers) -> Answer:
    if scope["method"] != "GET":
        return browsers.other_method(scope, headers, b"GET", "The rule set is read by GET.")
    door = entrance.enter(headers)
    if isinstance(door, Answer):
        return door
    if door.key.kind != KeyKind.SERVER:
        return SERVERS_ONLY
    body, tag = await asyncio.to_thread(_written, door.house)
    lines = (*entrance.held(door), (b"etag", tag), CACHING)
    return Answer(304, b"", lines) if tag in etags.known_to(headers) else Answer(200, body, lines)


def _written(house: House) -> tuple[bytes, bytes]:
    return house.rule_set
