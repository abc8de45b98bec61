"""The first page: what to do first, and what that frees; and its numbers for the navigation of every other page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import clock, scope, today
from core.access import signed_in, who_may
from core.choices import RoleKind


@who_may("everybody; rows are only about what they may see")
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    now, user = clock.now(), signed_in(request)
    day = today.Day(today.work(user, now, scope.chosen(request)))
    groups = [
        {"key": key, "title": title, "empty": empty, "hint": hint, "rows": day.groups[key]}
        for key, (title, empty, hint) in today.GROUPS.items()
    ]
    context = {
        "day": day,
        "groups": groups,
        "counts": day.counts,
        "first": next(iter(day.waiting), None),
        "topics": " ".join([f"mine:{user.pk}", *day.topics]),
        "may_open": user.roles.filter(kind__in=[RoleKind.RELEASE_MANAGER, RoleKind.OWNER]).exists(),
        "now": now,
    }
    return render(request, "core/today.html", context)


@who_may("everybody; numbers are only of what they may see")
@require_safe
@never_cache
def counts(request: HttpRequest) -> HttpResponse:
    """How much waits, for the navigation: fetched after a page and again when something of theirs changes."""
    day = today.Day(today.work(signed_in(request), clock.now(), scope.chosen(request)))
    return render(request, "core/_counts.html", {"counts": day.counts})
