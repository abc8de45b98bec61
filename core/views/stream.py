"""``GET /live/?topic=release:7&topic=…``: the event stream of one page."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from importlib import import_module

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from core.access import who_may
from core.live import Watch, hub
from core.models import User
from core.topics import may_watch

MAX_TOPICS = 20
HEARTBEAT = 15.0  # seconds; shorter than the idle timeouts of usual proxies
RECHECK = 30.0  # seconds between two looks at the session and at each permission
LIFETIME = 600.0  # seconds; then the page reconnects, so that no stream is for ever


@who_may("everybody, each topic only for those who may see what it is about; asked again every 30 s")
@require_GET
async def stream(request: HttpRequest) -> HttpResponseBase:
    asked = list(dict.fromkeys(request.GET.getlist("topic")))
    if not asked or len(asked) > MAX_TOPICS:
        return HttpResponse(f"Ask for 1 to {MAX_TOPICS} topics.", status=400, content_type="text/plain")
    key = request.session.session_key or ""
    allowed = await sync_to_async(_allowed)(key, asked)
    if not allowed:
        return HttpResponse("None of these is yours to watch.", status=403, content_type="text/plain")
    return StreamingHttpResponse(
        _events(key, Watch(allowed)),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _allowed(session_key: str, topics: list[str]) -> list[str]:
    """Which of `topics` the owner of this session may hear now; none once signed out or deactivated."""
    close_old_connections()
    try:
        fresh = HttpRequest()
        fresh.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
        user = get_user(fresh)
        return [topic for topic in topics if may_watch(user, topic)] if isinstance(user, User) else []
    finally:
        close_old_connections()


async def _events(session_key: str, watch: Watch) -> AsyncIterator[bytes]:
    ears = hub()
    ears.join(watch)
    started = checked = time.monotonic()
    try:
        yield b"retry: 2000\n\n"
        while time.monotonic() - started < LIFETIME:
            heard = await watch.next(HEARTBEAT)
            if time.monotonic() - checked >= RECHECK:
                checked = time.monotonic()
                kept = await sync_to_async(_allowed)(session_key, sorted(watch.topics))
                watch.forget(watch.topics - set(kept))
                if not kept:
                    yield b"event: gone\ndata: {}\n\n"
                    return
            for topic, name in heard:
                if topic in watch.topics:
                    yield f"data: {json.dumps({'topic': topic, 'name': name})}\n\n".encode()
            if not heard:
                yield b": still here\n\n"
            await asyncio.sleep(0.05)  # a burst of changes becomes one look
    finally:
        ears.leave(watch)
