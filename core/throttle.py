"""Whose failed logins are counted together."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest


def name_of(request: HttpRequest | None, credentials: Mapping[str, Any] | None = None) -> str:
    """The address tried, as accounts are found by it: another way of writing it is not another five attempts."""
    given = (credentials or {}).get("username") or (request.POST.get("username") if request else "")
    return str(given or "").strip().lower()
