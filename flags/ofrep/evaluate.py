"""One flag or all, for one context. The path that is taken thousands of times a second."""

from __future__ import annotations

import time
from collections.abc import Mapping
from operator import getitem
from typing import Any

import orjson

from flags.doors import Door
from flags.evaluation import ErrorCode, Problem, invalid
from flags.ofrep import arrival, browsers, entrance, etags, tickets
from flags.ofrep.wire import Answer, Headers, Receive, Scope, body_of, problem

PATH = b"/ofrep/v1/evaluate/flags"
CACHING = (b"cache-control", b"private, no-cache")


async def answer(path: bytes, scope: Scope, headers: Headers, receive: Receive) -> Answer:
    if scope["method"] != "POST":
        return browsers.other_method(scope, headers, b"POST", "Flags are evaluated by POST.")
    door = entrance.enter(headers)
    if isinstance(door, Answer):
        return door
    body = await body_of(headers, receive)
    if isinstance(body, Answer):
        return body
    named = arrival.named(scope, door)
    if named > door.view.version:
        await arrival.of(named, door)
    door = entrance.again(door)
    if isinstance(door, Answer):
        return door
    context = _context(body)
    if len(path) > len(PATH):
        return single(door, path[len(PATH) + 1 :], context)
    return bulk(door, context, headers, named)


def single(door: Door, key: bytes, context: Mapping[str, Any] | Problem) -> Answer:
    """One flag; what goes wrong with it is the answer's status."""
    if isinstance(context, Problem):
        return Answer(400, problem(context.details, context.code, key=_text(key)), entrance.held(door))
    asked = door.view.flags.get(key)
    if asked is None:
        said = f"There is no flag {_text(key)!r} for this key."
        return Answer(404, problem(said, ErrorCode.FLAG_NOT_FOUND, key=_text(key)), entrance.held(door))
    number = asked.decide(context)
    asked.by_name[number] += 1
    return Answer(asked.statuses[number], asked.fragments[number], entrance.held(door))


def bulk(door: Door, context: Mapping[str, Any] | Problem, headers: Headers, named: int = 0) -> Answer:
    """All flags; one that errs is an entry that says so. `named`: the version that an event told of, 0 for none."""
    if isinstance(context, Problem):
        return Answer(400, problem(context.details, context.code), entrance.held(door))
    view = door.view
    numbers = view.decide(context)
    view.given.add(numbers)
    entries = view.beginning + b",".join(map(getitem, view.fragments, numbers))
    content = etags.content(entries)
    if b"if-none-match" in headers and named <= view.version:
        tag = etags.still_good(etags.known_to(headers), content, tickets.renewed_before(door, time.time()))
        if tag is not None:
            return Answer(304, b"", (*entrance.held(door), (b"etag", tag), CACHING))
    issued, streams = tickets.streams(door, headers.get(b"origin", b"").decode("latin-1"))
    tag = etags.write(content, issued)
    return Answer(200, entries + streams, (*entrance.held(door), (b"etag", tag), CACHING))


def _context(body: bytes) -> Mapping[str, Any] | Problem:
    try:
        request = orjson.loads(body)
    except ValueError as error:
        return Problem(ErrorCode.PARSE_ERROR, f"The body is not JSON: {error}")
    if type(request) is not dict:
        return Problem(ErrorCode.PARSE_ERROR, 'The body must be an object, as {"context": {"targetingKey": "…"}}.')
    context: Any = request.get("context", {})
    return invalid(context) or context


def _text(key: bytes) -> str:
    return key.decode(errors="replace")
