"""Requests and answers as bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import orjson

from flags.evaluation import ErrorCode

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Mapping[bytes, bytes]
Lines = tuple[tuple[bytes, bytes], ...]
"""Header lines of an answer."""

MAX_BODY = 64 * 1024


class Answer(NamedTuple):
    """`body` is JSON, or empty."""

    status: int
    body: bytes = b""
    headers: Lines = ()


def problem(details: str, code: ErrorCode = ErrorCode.GENERAL, **more: str) -> bytes:
    """An error as OFREP writes it."""
    return orjson.dumps({**more, "errorCode": code.value, "errorDetails": details})


def path_of(scope: Scope) -> bytes:
    """Percent-decoded once: a flag key may have come encoded or not."""
    raw: bytes | None = scope.get("raw_path")
    if raw is None:
        return str(scope["path"]).encode("utf-8", "surrogatepass")
    path = raw.split(b"?", 1)[0]
    return unquote_to_bytes(path) if b"%" in path else path


async def body_of(headers: Headers, receive: Receive) -> bytes | None:
    """The whole body, or None as soon as it is known to be too long."""
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced[:12]) > MAX_BODY:
        return None
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return body


async def reply(send: Send, answer: Answer) -> None:
    status, body, lines = answer
    headers = [(b"content-length", b"%d" % len(body)), *lines]
    if body:
        headers.append((b"content-type", b"application/json"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
