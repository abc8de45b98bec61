"""Server-sent events that say "ask again" (OFREP, ADR 0008): one per connection and change, never what changed.

A stream remembers only which version it told last, so a slow reader costs nothing.
"""

from __future__ import annotations

import asyncio
import time

from flags import serving
from flags.choices import KeyKind
from flags.doors import Door, View
from flags.ofrep import arrival, browsers, entrance, tickets
from flags.ofrep.wire import Answer, Headers, Receive, Scope, Send, asked_for, problem, reply

PATH = tickets.PATH.encode()
HEARTBEAT_SECONDS = 20.0
MOST = 10_000
"""Streams of one process."""
MOST_OF_A_KEY = 5_000
"""One that was stolen leaves room for the others."""
BAD_TICKET = Answer(401, problem("This stream wants a server key in its headers, or a ticket that has not expired."))
CROWDED = Answer(
    429, problem("This process has as many streams as it, or this key, may have."), ((b"retry-after", b"10"),)
)

open_streams: set[asyncio.Task[None]] = set()
"""Of this process; each is the task that waits for its other end to leave."""


async def serve(scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
    """Until the other end leaves, or its key no longer opens anything."""
    entered = _enter(scope, headers)
    if not isinstance(entered, Answer) and entered[0].meter.streams >= MOST_OF_A_KEY:
        entered = CROWDED
    digest = entrance.digest(headers) if isinstance(entered, Answer) else entered[0].digest
    shared = browsers.lines(headers, digest) if b"origin" in headers else ()
    if isinstance(entered, Answer):
        await reply(send, entered._replace(headers=(*entered.headers, *shared)))
        return
    door, told = entered
    lines = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": [*lines, *shared]})
    gone = asyncio.create_task(_left(receive))
    open_streams.add(gone)
    door.meter.streams += 1
    try:
        await _write(send, b"retry: 1000\nid: %b\n\n" % (told or _name(door.view)))
        await _tell(door, told or _name(door.view), send, gone)
        if not gone.done():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        door.meter.streams -= 1
        open_streams.discard(gone)
        gone.cancel()


async def _tell(door: Door, told: bytes, send: Send, gone: asyncio.Task[None]) -> None:
    ears = arrival.bells()
    while not (gone.done() or ears.leaving):
        found = serving.holder.doors.by_id.get(door.key.id)
        now = time.time()
        if found is None or not found.opens_at(now):
            return
        newest = _name(found.view)
        if newest != told:
            told = newest
            await _write(send, _event(newest))
            continue
        left = min(HEARTBEAT_SECONDS, (found.key.expires_at or now + HEARTBEAT_SECONDS) - now)
        await ears.change(found.view.environment_id, left, gone)
        if time.time() - now >= HEARTBEAT_SECONDS:
            await _write(send, b":\n\n")


def _enter(scope: Scope, headers: Headers) -> tuple[Door, bytes] | Answer:
    """The door, and the version of which its reader knows (empty: whatever is held now)."""
    if scope["method"] != "GET":
        return browsers.other_method(scope, headers, b"GET", "A stream is read by GET.")
    if len(open_streams) >= MOST:
        return CROWDED
    given = asked_for("ticket", scope)
    if not given:
        door = entrance.enter(headers)
        if isinstance(door, Answer):
            return door
        return (door, _last(headers, door.view)) if door.key.kind == KeyKind.SERVER else BAD_TICKET
    ticket = tickets.read(given)
    door_there = serving.holder.doors.by_id.get(ticket.key) if ticket else None
    if ticket is None or door_there is None:
        return BAD_TICKET
    if headers.get(b"origin", ticket.origin.encode("latin-1")) != ticket.origin.encode("latin-1"):
        return Answer(403, problem("This ticket was given to a page of another origin."))
    door = entrance.check(door_there, headers)
    if isinstance(door, Answer):
        return door
    return door, _last(headers, door.view) or b"%d.%d" % (door.view.environment_id, ticket.version)


def _last(headers: Headers, view: View) -> bytes:
    """Which version a reader that comes back was told last (Last-Event-ID), if it is one of this environment."""
    said = headers.get(b"last-event-id", b"")
    environment, _, version = said.partition(b".")
    return said if environment == b"%d" % view.environment_id and version[:18].isdigit() else b""


def _name(view: View) -> bytes:
    return b"%d.%d" % (view.environment_id, view.version)


def _event(name: bytes) -> bytes:
    return b'id: %b\nevent: message\ndata: {"type":"refetchEvaluation","etag":"\\"%b\\""}\n\n' % (name, name)


async def _write(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
