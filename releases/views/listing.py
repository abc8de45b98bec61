"""The list of releases: each with its sentence, its small slipway, whose it is and how old."""

from collections.abc import Sequence
from datetime import datetime

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock, scope
from core.access import signed_in, who_may
from core.models import User
from core.remember import by_record
from core.ui import Line
from releases import forms, rules
from releases.choices import ReleaseStatus
from releases.gates import Question, readiness
from releases.models import Release
from releases.panels import panels
from releases.views.line import sentence_of

PAGE = 20
FEW = 8
"""Releases that are found by looking."""


class Row:
    """A release in the list. `line` is its page's first line, where it was asked for."""

    def __init__(self, release: Release, line: Line | None = None) -> None:
        self.release, self.line = release, line
        self.status = ReleaseStatus(release.status)
        self.points = rules.phases(self.status, {})
        self.versions = [one.build.version for one in release.candidates.all() if one.build]
        self.size = rules.counted(len(release.features.all()), "feature")
        self.tone, self.icon, self.word = rules.in_a_word(line, self.status)
        self.why = rules.in_a_row(line) if line else ""


@who_may("whoever has a role in a product of the release")
@require_safe
def releases(request: HttpRequest) -> HttpResponse:
    """A page of those under way or finished, at the cost of one; `?part=rows` asks for their sentences too."""
    form = forms.FindForm(request.GET)
    fits = form.is_valid()
    seen = scope.narrow(request, Release.objects.visible_to(signed_in(request)), "candidates__product").distinct()
    wanted = {**form.cleaned_data, "show": form.cleaned_data.get("show") or "under-way"}
    page = Paginator(_found(seen, wanted) if fits else seen.none(), PAGE).get_page(request.GET.get("page"))
    asked = request.GET.get("part") == "rows"
    lines = _lines(list(page.object_list), signed_in(request), clock.now()) if asked else {}
    ended = [status for status in ReleaseStatus if status.is_finished]
    under_way, finished = seen.exclude(status__in=ended).count(), seen.filter(status__in=ended).count()
    context = {
        "form": form,
        "show": wanted["show"],
        "named": wanted.get("named", ""),
        "page": page,
        "rows": [Row(row, lines.get(row.pk)) for row in page.object_list],
        "topics": " ".join(row.subject for row in page.object_list if row.status not in ended),
        "under_way": under_way,
        "finished": finished,
        "may_search": under_way + finished > FEW,
        "may_open": forms.managed(signed_in(request)).exists(),
        "now": clock.now(),
    }
    response = render(request, f"releases/list.html{'#rows' if asked else ''}", context, status=200 if fits else 422)
    response["Vary"] = "HX-Request"
    return response


def _found(seen: QuerySet[Release], wanted: dict[str, str]) -> QuerySet[Release]:
    ended = [status for status in ReleaseStatus if status.is_finished]
    rows = seen.select_related("product", "manager").prefetch_related("candidates__build", "features")
    if wanted["show"] == "finished":
        rows = rows.filter(status__in=ended).order_by("-finished_at", "-id")
    else:
        rows = rows.exclude(status__in=ended).order_by("-created_at", "-id")
    return rows.filter(name__icontains=wanted["named"]) if wanted.get("named") else rows


def _lines(rows: Sequence[Release], user: User, now: datetime) -> dict[int, Line]:
    """The sentences of those under way. Gates are asked release by release, so this is not part of the page itself;
    what was said is kept until a record that it stands on grows, half a minute at most.
    """
    going = {row.pk: row for row in rows if not ReleaseStatus(row.status).is_finished}

    def line(pk: int) -> Line:
        row = going[pk]
        moves = ReleaseStatus(row.status) in {ReleaseStatus.ROLLOUT, ReleaseStatus.WATCH}
        others = panels(row, user, now) if moves else []
        return sentence_of(row, readiness(Question(release=row, now=now)), others, now)

    return by_record("release-line", {pk: row.streams for pk, row in going.items()}, line)
