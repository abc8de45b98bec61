"""Flag evaluation over HTTP (OpenFeature Remote Evaluation Protocol): a raw ASGI application in front of Django.

It answers from memory (`flags.serving`), never from the database, and runs alone too: ``granian --interface asgi
flags.ofrep:application``. Also serves ``/readyz``.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import django
import orjson
from django.apps import apps

if not apps.ready:  # alone, without config.asgi
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from flags import serving
from flags.choices import KeyKind
from flags.evaluation import ErrorCode, FlagRule, Problem, Result, evaluate, invalid
from flags.serving import Door

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = b"/ofrep/v1/evaluate/flags"
MAX_BODY = 64 * 1024
START_SECONDS = 3.0
STATUS = {ErrorCode.FLAG_NOT_FOUND: 404}

evaluations: Counter[tuple[int, str, str]] = Counter()
"""(environment id, flag key, variant) → how often, since this process started."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any = None
    headers: tuple[tuple[bytes, bytes], ...] = ()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI entry. Knows lifespan and HTTP, and closes whatever else comes."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http":
        serving.holder.start()  # harmless if lifespan did; some servers know no lifespan
        await _send(send, await _answer(scope, receive))
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})


async def lifespan(receive: Receive, send: Send) -> None:
    """Begin to follow the database before the first request, and leave cleanly after the last."""
    await receive()
    serving.holder.start()
    await asyncio.to_thread(serving.holder.wait, START_SECONDS)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await asyncio.to_thread(serving.holder.stop)
    await send({"type": "lifespan.shutdown.complete"})


async def _answer(scope: Scope, receive: Receive) -> Answer:
    path = _path(scope)
    if path == b"/readyz":
        return _ready()
    if path != PREFIX and not path.startswith(PREFIX + b"/"):
        return Answer(
            404, _problem(ErrorCode.GENERAL, "Nothing is served here. Flags are under /ofrep/v1/evaluate/flags.")
        )
    if scope["method"] != "POST":
        return Answer(405, _problem(ErrorCode.GENERAL, "Flags are evaluated by POST."), ((b"allow", b"POST"),))
    headers = dict(scope["headers"])
    if not serving.holder.snapshots:
        said = "No flags have been loaded yet: the database cannot be reached, and there is no copy on disk."
        return Answer(503, _problem(ErrorCode.GENERAL, said), ((b"retry-after", b"1"),))
    door = serving.holder.doors.get(_key_digest(headers))
    if door is None:
        said = "Send a valid flag key: Authorization: Bearer slf_… or X-API-Key: slf_…"
        return Answer(401, _problem(ErrorCode.GENERAL, said), ((b"www-authenticate", b"Bearer"),))
    body = await _body(headers, receive)
    if body is None:
        return Answer(413, _problem(ErrorCode.GENERAL, f"The body may have {MAX_BODY} bytes."))
    context = _context(body)
    if path == PREFIX:
        return _bulk(door, context, headers)
    return _single(door, path[len(PREFIX) + 1 :], context)


def _single(door: Door, raw_key: bytes, context: Mapping[str, Any] | Problem) -> Answer:
    key = raw_key.decode(errors="replace")
    rule = door.snapshot.flags.get(key)
    outcome: Result | Problem
    if isinstance(context, Problem):
        outcome = context
    elif rule is None or not _may_read(door, rule):
        outcome = Problem(ErrorCode.FLAG_NOT_FOUND, f"There is no flag {key!r} for this key.")
    else:
        outcome = _counted(door, rule, evaluate(rule, context))
    status = STATUS.get(outcome.code, 400) if isinstance(outcome, Problem) else 200
    return Answer(status, _entry(key, rule, outcome), _held(door))


def _bulk(door: Door, context: Mapping[str, Any] | Problem, headers: Mapping[bytes, bytes]) -> Answer:
    if isinstance(context, Problem):
        return Answer(400, _problem(context.code, context.details), _held(door))
    rules = [rule for rule in door.snapshot.flags.values() if _may_read(door, rule)]
    entries = [_entry(rule.key, rule, _counted(door, rule, evaluate(rule, context))) for rule in rules]
    body = orjson.dumps({"flags": entries})
    etag = b'"' + hashlib.blake2b(body, digest_size=16).hexdigest().encode() + b'"'
    known = {tag.strip().removeprefix(b"W/") for tag in headers.get(b"if-none-match", b"").split(b",")}
    tagged = (*_held(door), (b"etag", etag), (b"cache-control", b"private, no-cache"))
    return Answer(304, None, tagged) if etag in known else Answer(200, body, tagged)


def _entry(key: str, rule: FlagRule | None, outcome: Result | Problem) -> dict[str, Any]:
    if isinstance(outcome, Problem):
        return {"key": key, **_problem(outcome.code, outcome.details)}
    metadata = dict(rule.metadata) if rule else {}
    said = {"value": outcome.value, "variant": outcome.variant, "reason": outcome.reason.value}
    return {"key": key, **said, "metadata": metadata}


def _counted(door: Door, rule: FlagRule, outcome: Result | Problem) -> Result | Problem:
    variant = outcome.variant if isinstance(outcome, Result) else "error"
    evaluations[door.snapshot.environment_id, rule.key, variant] += 1
    return outcome


def _may_read(door: Door, rule: FlagRule) -> bool:
    return door.kind == KeyKind.SERVER or rule.for_clients


def _context(body: bytes) -> Mapping[str, Any] | Problem:
    try:
        request = orjson.loads(body)
    except ValueError as error:
        return Problem(ErrorCode.PARSE_ERROR, f"The body is not JSON: {error}")
    if not isinstance(request, dict):
        return Problem(ErrorCode.PARSE_ERROR, 'The body must be an object, as {"context": {"targetingKey": "…"}}.')
    context = request.get("context", {})
    return invalid(context) or context


async def _body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes | None:
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


def _path(scope: Scope) -> bytes:
    """As bytes, percent-decoded once: a flag key may have come encoded."""
    raw: bytes | None = scope.get("raw_path")
    if raw is not None:
        return unquote_to_bytes(raw.split(b"?", 1)[0])
    return str(scope["path"]).encode("utf-8", "surrogatepass")


def _key_digest(headers: Mapping[bytes, bytes]) -> str:
    scheme, _, credentials = headers.get(b"authorization", b"").partition(b" ")
    key = credentials.strip() if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"").strip()
    return hashlib.sha256(key).hexdigest()


def _held(door: Door) -> tuple[tuple[bytes, bytes], ...]:
    """Which version answered, and how many seconds ago it was last known to be current."""
    age, version = serving.holder.age, door.snapshot.version
    return ((b"slipway-flags-version", b"%d" % version), (b"slipway-flags-age", b"%d" % age))


def _ready() -> Answer:
    holder = serving.holder
    facts = {
        "ready": bool(holder.snapshots) or holder.connected,
        "database": "reached" if holder.connected else "not reached",
        "flags": {
            "environments": len(holder.snapshots),
            "age_seconds": round(holder.age) if holder.checked_at else None,
        },
        "evaluations": evaluations.total(),
    }
    return Answer(200 if facts["ready"] else 503, facts, ((b"cache-control", b"no-store"),))


def _problem(code: ErrorCode, details: str) -> dict[str, str]:
    return {"errorCode": code.value, "errorDetails": details}


async def _send(send: Send, answer: Answer) -> None:
    ready = answer.body is None or isinstance(answer.body, bytes)
    body: bytes = (answer.body or b"") if ready else orjson.dumps(answer.body)
    headers = [(b"content-length", b"%d" % len(body)), *answer.headers]
    if body:
        headers.append((b"content-type", b"application/json"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
