"""RFC 9457: how the API says no. One shape for everything: type, title, status, detail, and which fields."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse


def problem(status: int, detail: str, *, errors: Sequence[dict[str, Any]] = (), title: str = "") -> HttpResponse:
    """An ``application/problem+json`` response. `errors` hold ``detail`` and either ``pointer`` (into the body,
    RFC 6901 as a fragment) or ``parameter``.
    """
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        content["errors"] = list(errors)
    response = HttpResponse(json.dumps(content), status=status, content_type="application/problem+json")
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="Slipway"'
    return response


def pointer(*steps: str | int) -> str:
    """``#/features/0/name``"""
    return "#/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in steps)
