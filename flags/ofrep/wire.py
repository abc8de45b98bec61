"""Requests and answers as bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote_to_bytes

import orjson

from flags.evaluation import ErrorCode

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Mapping[bytes, bytes]
Lines = tuple[tuple[bytes, bytes], ...]
"""Header lines of an answer."""

MAX_BODY = 64 * 1024
BODY_SECONDS = 10.0
"""A server answers only so many requests at once, and one that waits for its body is one of them."""
MAX_QUERY = 4 * 1024
"""What is read of one: it is looked at before anybody has shown a key."""


class Answer(NamedTuple):
    """`body` is JSON, or empty."""

    status: int
    body: bytes = b""
    headers: Lines = ()


def problem(details: str, code: ErrorCode = ErrorCode.GENERAL, **more: str) -> bytes:
    """An error as OFREP writes it."""
    return orjson.dumps({**more, "errorCode": code.value, "errorDetails": details})


JSON = (b"content-type", b"application/json")
TOO_LONG = Answer(413, problem(f"The body may have {MAX_BODY} bytes."))
TOO_SLOW = Answer(408, problem(f"The body did not come within {BODY_SECONDS:g} seconds."))


def path_of(scope: Scope) -> bytes:
    """Percent-decoded once: a flag key may have come encoded or not."""
    raw: bytes | None = scope.get("raw_path")
    if raw is None:
        return str(scope["path"]).encode("utf-8", "surrogatepass")
    path = raw.split(b"?", 1)[0]
    return unquote_to_bytes(path) if b"%" in path else path


def asked_for(name: str, scope: Scope) -> str:
    """What the query says of `name`, or an empty text."""
    query: bytes = scope.get("query_string", b"")
    if name.encode() not in query:
        return ""
    return parse_qs(query[:MAX_QUERY].decode("latin-1")).get(name, [""])[0]


async def body_of(headers: Headers, receive: Receive) -> bytes | Answer:
    """The whole body, or what is answered as soon as it is known to be too long or too slow."""
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced[:12]) > MAX_BODY:
        return TOO_LONG
    task = asyncio.current_task()
    assert task
    began = _patience.begin(task)
    try:
        message = await receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body") and message["type"] != "http.disconnect" and len(body) <= MAX_BODY:
            message = await receive()
            body += message.get("body", b"")
        return body if len(body) <= MAX_BODY else TOO_LONG
    except asyncio.CancelledError:
        if time.monotonic() - began < BODY_SECONDS:
            raise  # by somebody else
        task.uncancel()
        return TOO_SLOW
    finally:
        del _patience.since[task]


class _Patience:
    """Cancels what reads for too long: one timer for all, as one for each would cost more than the rest of reading."""

    def __init__(self) -> None:
        self.since: dict[asyncio.Task[Any], float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, task: asyncio.Task[Any]) -> float:
        """When it began."""
        now = self.since[task] = time.monotonic()
        loop = task.get_loop()
        if loop is not self._loop:
            self._loop = loop
            loop.call_later(BODY_SECONDS / 4, self._look)
        return now

    def _look(self) -> None:
        now, loop, self._loop = time.monotonic(), self._loop, None
        for task, began in self.since.items():
            if now - began >= BODY_SECONDS:
                task.cancel()
        if self.since and loop is not None:
            self._loop = loop
            loop.call_later(BODY_SECONDS / 4, self._look)


_patience = _Patience()


async def reply(send: Send, answer: Answer) -> None:
    status, body, lines = answer
    length = (b"content-length", b"%d" % len(body))
    headers = [length, JSON, *lines] if body else [length, *lines]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
