"""What every request passes: signed in unless the view says otherwise; times in the reader's zone; pages compressed."""

import logging
import zoneinfo
from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangosLoginRequired
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.middleware.gzip import GZipMiddleware
from django.utils import timezone

from core.views.errors import bad_request, wrong_method

log = logging.getLogger(__name__)


class CompressionMiddleware(GZipMiddleware):
    """Pages, compressed with a random length added (decision 12). What streams is left alone: an event must not wait
    in a compressor's buffer, and static files come compressed from disk.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming:
            return response
        packed: HttpResponseBase = super().process_response(request, response)
        return packed


class LoginRequiredMiddleware(DjangosLoginRequired):
    """Signed in, unless the view says otherwise. A panel whose session ended reloads its page instead of showing a
    login form inside it.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase], *rest: Any
    ) -> HttpResponseBase | None:
        refused: HttpResponseBase | None = super().process_view(request, view_func, *rest)
        if refused is not None and request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return refused


class UnstorableMiddleware:
    """What PostgreSQL cannot store or compare (a null character, a number beyond all bounds) was a bad request."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        if not isinstance(exception, DataError):
            return None
        log.warning("%s %s: %s", request.method, request.path, exception)
        return bad_request(request, exception)


class WrongMethodMiddleware:
    """Django answers a wrong method with an empty page; who opens the address of a button gets words."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        if not isinstance(answer, HttpResponseNotAllowed) or answer.content:
            return answer
        told = wrong_method(request)
        told["Allow"] = answer["Allow"]
        return told


class TimezoneMiddleware:
    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = getattr(request.user, "timezone", "UTC")
        try:
            zone = zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            zone = zoneinfo.ZoneInfo("UTC")
        with timezone.override(zone):
            return self.get_response(request)
