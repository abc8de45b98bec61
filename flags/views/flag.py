"""The page of one flag."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock
from core.access import signed_in, who_may
from core.models import AuditEntry
from flags import screen
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
    places = screen.places(shown, signed_in(request), clock.now())
    context = {
        "flag": shown,
        "reach": screen.reach(shown.states.all()),
        "claimed_by": screen.claimed_by(shown),
        "places": places,
        "topics": [f"flags:{place.environment.pk}" for place in places],
    }
    if request.GET.get("part") == "places":
        return render(request, "flags/flag.html#places", context)
    record = AuditEntry.objects.filter(subject=f"flag:{shown.pk}").select_related("actor").prefetch_related("texts")
    history = list(record[:HISTORY])
    context |= {"newest": history[:NEWEST], "older": history[NEWEST:]}
    return render(
        request,
        "flags/flag.html",
        {**context, **beside(request, shown), **used(request, shown), **played(request, shown)},
    )
