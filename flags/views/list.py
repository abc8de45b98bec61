"""The list of flags: alone, and beside every page of one."""

import re
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from core import clock
from core.access import signed_in, who_may
from core.scope import narrow
from flags import screen
from flags.choices import Reach
from flags.models import Flag
from flags.views.reach import MEMBERS


@who_may(MEMBERS)
@require_safe
def flags(request: HttpRequest) -> HttpResponse:
    """The list; for htmx its rows alone, as somebody types."""
    template = "flags/_rows.html" if getattr(request, "htmx", False) else "flags/list.html"
    response = render(request, template, beside(request, _at(request)))
    patch_vary_headers(response, ["HX-Request"])
    return response


def beside(request: HttpRequest, at: Flag | None = None) -> dict[str, Any]:
    """The list beside every flag page, in groups by how far each has come; `at` is the one that is shown."""
    asked, tab = request.GET.get("q", "").strip()[:100], request.GET.get("state", "")
    found = narrow(request, Flag.objects.visible_to(signed_in(request)).filter(archived_at=None))
    if asked:
        words = ("key", "name", "claim_label", "owner__name")
        found = found.filter(reduce(or_, (Q(**{f"{field}__icontains": asked}) for field in words)))
    now = clock.now()
    flags = found.select_related("product", "owner").prefetch_related("states__environment")
    rows = [screen.row(one, now) for one in flags]
    tab = tab if tab in {one.value for one in Reach} else ""
    return {
        "groups": screen.groups(rows, tab),
        "tabs": screen.tabs(rows),
        "tab": tab,
        "count": len(rows),
        "q": asked,
        "at": at,
    }


def _at(request: HttpRequest) -> Flag | None:
    """The flag beside which somebody searches: its row stays marked."""
    asked = request.GET.get("at", "")
    return (
        Flag.objects.visible_to(signed_in(request)).filter(pk=int(asked)).first()
        if re.fullmatch(r"\d{1,18}", asked)
        else None
    )
