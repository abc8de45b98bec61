"""``/audit/``: what happened, who did it, and whether the record is whole."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core import anchors, scope, sentences, topics
from core.access import signed_in, who_may
from core.models import AuditEntry
from core.topics import readable
from core.ui import Line
from core.verify import Report

PAGE = 100
KEEP = 30  # seconds for which a verification is not repeated


class FilterForm(forms.Form):
    stream = forms.CharField(max_length=80, required=False, label="About")
    action = forms.CharField(max_length=60, required=False, label="What happened")
    person = forms.CharField(max_length=120, required=False, label="Who did it")
    before = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False, widget=forms.HiddenInput)


@who_may("everybody; entries are only of what they may see")
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return _page(request)


@who_may("everybody; the answer is about the whole record, and names only streams they may see")
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Recompute everything, now or within the last half minute. Writes nothing; a POST because it costs."""
    report: Report = cache.get("audit-report") or anchors.check()
    cache.set("audit-report", report, KEEP)
    return _page(request, report)


def _page(request: HttpRequest, report: Report | None = None) -> HttpResponse:
    form, product = FilterForm(request.GET), scope.chosen(request)
    seen = AuditEntry.objects.filter(readable(signed_in(request), product=product))
    entries = _filtered(form, seen) if form.is_valid() else []
    rows = _rows(entries[:PAGE])
    context: dict[str, Any] = {
        "form": form,
        "rows": rows,
        "product": product,
        "older": _older(form, rows) if len(entries) > PAGE else "",
        "asked": request.GET.urlencode(),
        "report": report,
        "line": _line(report) if report else None,
        "proven": _proven(report, rows) if report else [],
    }
    part = bool(report) and bool(getattr(request, "htmx", False))
    template = "core/_verified.html" if part else "core/audit.html"
    return render(request, template, context, status=200 if form.is_valid() else 422)


def _rows(entries: list[AuditEntry]) -> list[dict[str, Any]]:
    names = topics.names(entry.stream_id for entry in entries)
    return [
        {
            "entry": entry,
            "told": told,
            "about": names.get(entry.stream_id, entry.stream_id.replace(":", " ")),
            "day": timezone.localdate(entry.at),
        }
        for entry, told in zip(entries, sentences.describe_all(entries), strict=True)
    ]


def _proven(report: Report, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How far the streams on this page are proven, by name."""
    found = {row["entry"].stream_id: row["about"] for row in rows}
    lines = []
    for stream, about in found.items():
        length, anchored = report.length.get(stream, 0), report.anchored.get(stream, 0)
        lines.append({"about": about, "length": length, "anchored": anchored, "newer": length - anchored})
    return sorted(lines, key=lambda line: str(line["about"]))


def _filtered(form: FilterForm, entries: QuerySet[AuditEntry]) -> list[AuditEntry]:
    asked = form.cleaned_data
    if asked["stream"]:
        entries = entries.filter(stream_id=asked["stream"].strip())
    if asked["action"]:
        words = asked["action"].strip()
        named = Q(action__in=sentences.actions_named(words))
        entries = entries.filter(named | Q(action__icontains=words.replace(" ", "_")))
    if asked["person"]:
        entries = entries.filter(actor__name__icontains=asked["person"].strip())
    if asked["before"]:
        entries = entries.filter(pk__lt=asked["before"])
    return list(entries.select_related("actor").prefetch_related("texts").order_by("-pk")[: PAGE + 1])


def _older(form: FilterForm, rows: list[dict[str, Any]]) -> str:
    kept = {name: value for name, value in form.cleaned_data.items() if value and name != "before"}
    return f"?{urlencode({**kept, 'before': rows[-1]['entry'].pk})}"


def _line(report: Report) -> Line:
    lead, _, text = report.sentence().partition(": ")
    if report.whole:
        return Line("good", "open", f"{lead}:", text)
    return Line(
        "bad", "fail", f"{lead}:", text, then="ask who runs this site; `manage.py verify_audit` names the places"
    )
