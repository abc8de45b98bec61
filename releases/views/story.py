"""What happened to a release: its newest lines on its page, all of it on a page of its own."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.access import who_may
from core.models import AuditEntry
from core.sentences import tell
from releases import rules
from releases.models import Candidate, Release
from releases.views.scope import load

TOLD = 8
"""Lines of the story that the release page shows."""
READ = 60
"""Entries that these lines are told from: what came of one cause is folded into one."""
PAGE = 100
"""Entries on a page of the whole story."""


@who_may("whoever has a role in a product of the release")
@require_safe
def story(request: HttpRequest, release_id: int) -> HttpResponse:
    """All of it, a page at a time; the record it is told from stands whole on the audit page."""
    found = load(request, release_id)
    page = Paginator(entries(found), PAGE).get_page(request.GET.get("page"))
    names = versions(found)
    return render(request, "releases/story.html", {"release": found, "page": page, "names": names})


def timeline(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    rows = entries(found)
    total, lines = rows.count(), tell(rows[:READ], versions(found))
    more = len(lines) > TOLD or total > READ
    return {"lines": lines[:TOLD], "whole": f"All {total}" if more else ""}


def entries(found: Release) -> QuerySet[AuditEntry]:
    """The release's own record, and what its products' records say of its candidates; newest first."""
    builds = Candidate.objects.filter(release=found, build__isnull=False).values_list("product_id", "build_id")
    about = Q(stream=found.subject)
    for product_id, build_id in builds:
        about |= Q(stream=f"product:{product_id}", subject=f"build:{build_id}")
    return AuditEntry.objects.filter(about).select_related("actor").prefetch_related("texts").order_by("-at", "-id")


def versions(found: Release) -> dict[str, str]:
    """What people call the digests of its candidates."""
    rows = found.candidates.filter(build__isnull=False).values_list("build__digest", "build__version")
    return {rules.short(digest): version for digest, version in rows}
