"""The page of one flag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock
from core.access import signed_in, who_may
from core.models import AuditEntry
from flags import actions, backlog, code, described, lives
from flags.evaluation import phrases
from flags.log import logged
from flags.models import Flag
from flags.places import Place, claimed_by, places
from flags.planned import planned, reason_in
from flags.views.list import beside
from flags.views.playground import played
from flags.views.reach import MEMBERS, visible
from flags.views.usage import used

HISTORY, NEWEST = 40, 4
"""How much of a flag's history its page has, and how much of that stands open."""


@who_may(MEMBERS)
@require_safe
def flag(request: HttpRequest, product: str, key: str) -> HttpResponse:
    shown = visible(request, product, key)
    context = now(request, shown)
    if request.GET.get("part") == "now":
        return render(request, "flags/flag.html#now", context)
    context |= {"code": code.of_flag(shown)}
    context |= {**beside(request, shown), **used(request, shown), **played(request, shown)}
    return render(request, "flags/flag.html", context, status=422 if context["cannot"] else 200)


def now(request: HttpRequest, shown: Flag) -> dict[str, Any]:
    """What it is at this moment, everywhere, and what waits to change it."""
    user, moment = signed_in(request), clock.now()
    there = places(shown, user, moment)
    life = lives.life_of(shown, moment)
    return {
        "flag": shown,
        "life": life,
        "ending": backlog.row_of(shown, user, moment) if life.is_due else None,
        "asked": shown.clean_ups.filter(done_at=None).select_related("owner", "asked_by").first(),
        "values": [(one["name"], phrases.text_of(one["value"])) for one in shown.variants],
        "claimed_by": claimed_by(shown),
        "places": there,
        "killed": [(place, reason_in(place.killed)) for place in there if not place.state.enabled],
        "planned": planned(shown, there, user, moment),
        "settling": any(place.settling for place in there),
        "topics": " ".join(_topics(shown, there)),
        "now_at": f"{shown.get_absolute_url()}?part=now",
        **_history(shown),
        **_end(shown, may=user.has_role(shown.product, *actions.MAY_CHANGE)),
    }


def _topics(shown: Flag, there: Sequence[Place]) -> list[str]:
    """What it is in each environment, and its record: that is what claims it, as long as something does."""
    return [*(f"flags:{place.environment.pk}" for place in there), f"flag:{shown.pk}", *filter(None, [shown.claim])]


def _history(shown: Flag) -> dict[str, Any]:
    record = AuditEntry.objects.filter(subject=f"flag:{shown.pk}").select_related("actor").prefetch_related("texts")
    history = list(record[:HISTORY])
    lines = described.changes_in(history)
    return {"newest": logged(history[:NEWEST], lines), "older": logged(history[NEWEST:], lines)}


def _end(shown: Flag, *, may: bool) -> dict[str, Any]:
    """Whether it can be archived, or brought back."""
    if shown.archived_at:
        until = shown.archived_at + actions.UNDO
        return {"undone_until": until, "can_undo": may and clock.now() <= until}
    return {"depending": actions.depending(shown) if may else [], "may_archive": may, "undo_days": actions.UNDO.days}
