"""The backlog: what can go, what was archived, what code says about both, and the program that tells what code says."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock, scope
from core.access import public, signed_in, who_may
from core.scope import narrow
from flags import backlog, code, lifecycle
from flags.actions import UNDO
from flags.choices import Due
from flags.models import Flag
from flags.views.reach import MEMBERS

COMMAND = Path(settings.BASE_DIR, "scripts", "slipway_flags.py")
KEYS_SHOWN = 30
"""Keys that code should not mention, on the page; the command prints them all."""


@who_may(MEMBERS)
@require_safe
def due(request: HttpRequest) -> HttpResponse:
    """What can go, in groups by reason or by owner: everybody's, or this person's."""
    user, now = signed_in(request), clock.now()
    all_of_them = backlog.rows(_mine(request), user, now)
    own, only = request.GET.get("mine") == "1", request.GET.get("why", "")
    asked = backlog.mine(all_of_them, user) if own else all_of_them
    shown = [row for row in asked if row.life.is_due]
    only = only if only in Due.values else ""
    owners = request.GET.get("by") == "owner"
    counts = backlog.counts(shown)
    context = {
        "groups": (backlog.by_owner if owners else backlog.by_reason)(shown, only),
        "tabs": [("", "All", len(shown)), *((one.value, one.label, counts.get(one, 0)) for one in Due)],
        "only": only,
        "own": own,
        "owners": owners,
        "coming": [row for row in asked if not row.life.is_due],
        "count": sum(row.life.is_due for row in all_of_them),
        "asked": sum(row.asked is not None for row in all_of_them),
        "waits": lifecycle,
        "now": now,
        **_in_code(request),
    }
    return render(request, "flags/backlog.html", context)


@who_may(MEMBERS)
@require_safe
def gone(request: HttpRequest) -> HttpResponse:
    """What was archived, and until when it can come back."""
    now = clock.now()
    found = backlog.archived(_mine(request), signed_in(request), now)
    return render(request, "flags/backlog_archived.html", {"rows": found, "days": UNDO.days, "now": now})


@public("a program without secrets, for pipelines to fetch")
@require_safe
def command(request: HttpRequest) -> FileResponse:
    return FileResponse(COMMAND.open("rb"), content_type="text/x-python; charset=utf-8", filename=COMMAND.name)


def _mine(request: HttpRequest) -> Any:
    """The flags that this person may see, of the product they look at."""
    return narrow(request, Flag.objects.visible_to(signed_in(request)))


def _in_code(request: HttpRequest) -> dict[str, Any]:
    chosen = scope.chosen(request)
    products = [chosen] if chosen else scope.products(request)
    dead, unknown = code.archived(products), code.unknown(products)
    wrong = [*(("archived", one) for one in dead), *(("unknown", one) for one in unknown)]
    return {
        "scans": code.scans(products),
        "wrong": wrong[:KEYS_SHOWN],
        "wrong_count": len(wrong),
        "wrong_more": len(wrong[KEYS_SHOWN:]),
    }
