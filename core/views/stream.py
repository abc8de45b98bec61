"""``GET /live/?topic=release:7&topic=…``: the event stream of one page."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from importlib import import_module

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from core.access import signed_in, who_may
from core.live import Watch, hub, is_wide
from core.models import User
from core.topics import may_watch

MAX_TOPICS = 20
HEARTBEAT = 10.0  # seconds; less than usual proxies wait. A page that hears none knows that it is cut off
RECHECK = 30.0  # seconds for which an answer about the session and its permissions holds
LIFETIME = 600.0  # seconds; then the page reconnects, so that no stream is for ever


MARGIN = 5.0  # seconds before a page says it was made, in which it may have read what it shows


@who_may("everybody, each topic only for those who may see what it is about; asked again before telling")
@require_GET
async def stream(request: HttpRequest) -> HttpResponseBase:
    """Answers 200 with events, 400 for a request without sense, 403 where no topic is theirs.

    `since` (when the page was made, ISO 8601) spares it a second look at what has not changed. Events: a message
    ``{"topic", "name"}``; `beat` when there was none for ten seconds; `gone` when no topic is theirs any more;
    `crowded` when the person opened too many newer pages. After either the stream ends for good.
    """
    asked = list(dict.fromkeys(request.GET.getlist("topic")))
    if not asked or len(asked) > MAX_TOPICS:
        return HttpResponse(f"Ask for 1 to {MAX_TOPICS} topics.", status=400, content_type="text/plain")
    try:
        since = datetime.fromisoformat(request.GET.get("since") or "1970-01-01T00:00:00+00:00").timestamp()
    except (ValueError, OverflowError):
        return HttpResponse("`since` is a time as ISO 8601 writes it.", status=400, content_type="text/plain")
    right = Right(request.session.session_key or "")
    allowed = await right.among(asked)
    if not allowed:
        return HttpResponse("None of these is yours to watch.", status=403, content_type="text/plain")
    return StreamingHttpResponse(
        _events(right, Watch(allowed, signed_in(request).pk), since - MARGIN),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


class Right:
    """What the owner of a session may hear. Asked when there is something to tell and the answer is older than 30 s, so
    that a page on which nothing happens costs nothing.
    """

    def __init__(self, session_key: str) -> None:
        self._session_key = session_key
        self._known: dict[str, bool] = {}
        self._asked = time.monotonic()

    @property
    def is_old(self) -> bool:
        return time.monotonic() - self._asked >= RECHECK

    async def among(self, topics: Collection[str]) -> set[str]:
        if self.is_old:
            self._known, self._asked = {}, time.monotonic()
        new = [topic for topic in topics if topic not in self._known]
        if new:
            async with hub().asking:
                yes = await sync_to_async(_allowed)(self._session_key, new)
            self._known.update((topic, topic in yes) for topic in new)
        return {topic for topic in topics if self._known[topic]}


def _allowed(session_key: str, topics: list[str]) -> list[str]:
    """Which of `topics` the owner of this session may hear now; none once signed out or deactivated."""
    close_old_connections()
    try:
        fresh = HttpRequest()
        fresh.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
        user = get_user(fresh)
        if not isinstance(user, User) or not user.is_active:
            return []
        return [topic for topic in topics if topic == f"mine:{user.pk}" or may_watch(user, topic)]
    finally:
        close_old_connections()


async def _events(right: Right, watch: Watch, since: float) -> AsyncIterator[bytes]:
    ears = hub()
    ears.join(watch, since)
    started = time.monotonic()
    try:
        yield b"retry: 2000\n\n"
        while time.monotonic() - started < LIFETIME:
            heard = dict(await watch.next(HEARTBEAT))
            if watch.crowded:
                yield b"event: crowded\ndata: {}\n\n"
                return
            if not heard:
                yield b"event: beat\ndata: {}\n\n"
                continue
            allowed = await right.among(watch.topics | heard.keys())
            watch.forget(watch.topics - allowed)
            if not watch.topics:
                yield b"event: gone\ndata: {}\n\n"
                return
            for topic, name in _told(watch, {topic: heard[topic] for topic in heard if topic in allowed}).items():
                yield f"data: {json.dumps({'topic': topic, 'name': name})}\n\n".encode()
            await asyncio.sleep(0.05)  # a burst of changes becomes one look
    finally:
        ears.leave(watch)


def _told(watch: Watch, heard: dict[str, str]) -> dict[str, str]:
    """What goes over the wire: topics the page follows, and `mine` once for anything wide."""
    told = {topic: name for topic, name in heard.items() if topic in watch.topics}
    wide = next((name for topic, name in heard.items() if is_wide(topic, name)), "")
    if watch.mine and wide:
        told.setdefault(watch.mine, wide)
    return told
