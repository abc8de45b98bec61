"""The least that an ASGI application can do: read the body, answer so many bytes. What flags are measured against."""

import os
from typing import Any

SIZES = {"/bulk": "BENCH_BULK_BYTES", "/single": "BENCH_SINGLE_BYTES"}
"""Path → the variable that says how long its answer is."""


def _answer(size: int) -> tuple[list[tuple[bytes, bytes]], bytes]:
    body = b'"' + b"x" * (size - 2) + b'"'
    return [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")], body


ANSWERS = {path: _answer(int(os.environ[variable])) for path, variable in SIZES.items()}
ANSWERS["/readyz"] = _answer(2)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers, said = ANSWERS[scope["path"]]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})
