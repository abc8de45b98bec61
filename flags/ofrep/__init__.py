"""Flag evaluation over HTTP (OpenFeature Remote Evaluation Protocol 0.3): a raw ASGI application in front of Django.

It answers from memory (`flags.serving`), never from the database, and runs alone too: ``granian --interface asgi
flags.ofrep:application``. Beside it: the stream that tells of changes, the rule set for those who evaluate in their own
process, and ``/readyz``. `docs/ofrep.yaml` describes it all.
"""

from __future__ import annotations

import asyncio
import gc
import os

import django
from django.apps import apps

if not apps.ready:  # alone, without config.asgi
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from flags import serving
from flags.ofrep import arrival, browsers, evaluate, leaving, readiness, rule_set, stream
from flags.ofrep.wire import Answer, Headers, Receive, Scope, Send, path_of, problem, reply

START_SECONDS = 3.0
PATHS = ("/ofrep/", "/flagd/")
"""What `config.asgi` sends here, beside ``/readyz``."""


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI entry. Knows lifespan and HTTP, and closes whatever else comes."""
    if scope["type"] == "http":
        serving.holder.start()  # harmless if lifespan did; some servers know no lifespan
        headers: Headers = dict(scope["headers"])
        path = path_of(scope)
        if path == stream.PATH:
            await stream.serve(scope, headers, receive, send)
            return
        answer = await _answer(path, scope, headers, receive)
        await reply(send, browsers.shared(answer, headers) if b"origin" in headers else answer)
    elif scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})


async def lifespan(receive: Receive, send: Send) -> None:
    """Begin to follow the database before the first request. When asked to leave, tell what was counted at once: a
    stream or a live page may keep the last request from ending.
    """
    await receive()
    serving.holder.start()
    await asyncio.to_thread(serving.holder.wait, START_SECONDS)
    leaving.before(_leave)
    gc.collect()
    gc.freeze()  # a walk over everything that was just loaded would take a tenth of a second out of some answer
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await asyncio.to_thread(serving.holder.stop)
    await send({"type": "lifespan.shutdown.complete"})


def _leave() -> None:
    serving.holder.leave()
    arrival.bells().leave()


async def _answer(path: bytes, scope: Scope, headers: Headers, receive: Receive) -> Answer:
    if path == evaluate.PATH or path.startswith(evaluate.PATH + b"/"):
        return await evaluate.answer(path, scope, headers, receive)
    if path == rule_set.PATH:
        return await rule_set.answer(scope, headers)
    if path == b"/readyz":
        return readiness.answer(scope)
    return Answer(404, problem("Nothing is served here. Flags are under /ofrep/v1/evaluate/flags."))
