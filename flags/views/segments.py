"""Segments: the list, one with who is in it and which rules ask for it, and what can be done with it."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.access import signed_in, who_may
from core.errors import Refused
from core.models import AuditEntry
from core.scope import chosen, narrow
from core.views import attempt
from core.views.products import held
from flags import actions, definition, diff, segment_past
from flags.evaluation import phrases
from flags.forms.conditions import Conditions
from flags.forms.segment import ChangeSegmentForm, NewSegmentForm
from flags.forms.targeting import WRONG
from flags.log import Logged, logged
from flags.meanwhile import about_segment, in_segment
from flags.models import Segment
from flags.segment_uses import uses
from flags.views.reach import CHANGERS, MEMBERS, may_make, number, turned_back

HISTORY = 20
NEW, ONE = "flags/segment_new.html", "flags/segment.html"


@who_may(MEMBERS)
@require_safe
def segments(request: HttpRequest) -> HttpResponse:
    mine = narrow(request, Segment.objects.visible_to(signed_in(request))).select_related("product")
    rows = list(mine.order_by("product__name", "key"))
    found = uses(rows)
    listed = [{"segment": row, "says": phrases.condition(row.condition), "uses": found[row.pk]} for row in rows]
    return render(request, "flags/segments.html", {"rows": listed, "may_make": may_make(request)})


@who_may(CHANGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def segment_new(request: HttpRequest) -> HttpResponse:
    if away := turned_back(request, reverse("segments")):
        return away
    user = signed_in(request)
    form = NewSegmentForm(request.POST or None, user=user, initial={"product": chosen(request)})
    if request.method != "POST":
        return render(request, NEW, {"form": form, "editor": Conditions.of(None)})
    editor = Conditions.sent(request.POST)
    if editor.wants_more:
        return render(request, NEW, {"form": NewSegmentForm(initial=request.POST.dict(), user=user), "editor": editor})

    def create() -> Segment:
        known = set(definition.segments_of(form.cleaned_data["product"]))
        condition = editor.read(segments=known)
        return actions.create_segment(condition=condition, actor=user, **form.cleaned_data)

    return attempt(
        request,
        lambda: _placed(form, editor, create),
        back=lambda made: made.get_absolute_url() if made else reverse("segments"),
        done="It is there; rules can ask for it from now on.",
        template="" if getattr(request, "htmx", False) else NEW,
        context={"form": form, "editor": editor},
    )


@who_may("members of the product; changing it is for release managers, engineers and owners")
@require_http_methods(["GET", "HEAD", "POST"])
def segment(request: HttpRequest, slug: str, segment_key: str) -> HttpResponse:
    shown = _visible(request, slug, segment_key)
    if request.method != "POST":
        return render(request, ONE, _page(request, shown))
    form, editor = ChangeSegmentForm(request.POST), Conditions.sent(request.POST)
    if editor.wants_more:
        return render(request, ONE, _page(request, shown, ChangeSegmentForm(initial=request.POST.dict()), editor))

    def change() -> Segment:
        condition = editor.read(segments=set(definition.segments_of(shown.product_id)) - {shown.key})
        sent = {name: form.cleaned_data[name] for name in ("name", "description", "reason")}
        read = form.cleaned_data["edition"]
        said: dict[str, Any] = {"segment": shown, "actor": signed_in(request), "condition": condition, **sent}
        return actions.change_segment(**said, based_on=read)

    return attempt(
        request,
        lambda: _placed(form, editor, change),
        back=shown.get_absolute_url(),
        done=f"{shown.key} is changed, for every flag that uses it.",
        template=ONE,
        context=lambda: _page(request, _visible(request, slug, segment_key), form, editor),
    )


@who_may(CHANGERS)
@require_POST
def segment_delete(request: HttpRequest, slug: str, segment_key: str) -> HttpResponse:
    shown = _visible(request, slug, segment_key)
    return attempt(
        request,
        lambda: actions.delete_segment(segment=shown, actor=signed_in(request)),
        back=reverse("segments"),
        done=f"{segment_key} is gone; no flag had used it.",
    )


def _visible(request: HttpRequest, slug: str, key: str) -> Segment:
    mine = Segment.objects.visible_to(signed_in(request)).select_related("product")
    return get_object_or_404(mine, product__slug=slug, key=key)


def _page(
    request: HttpRequest, shown: Segment, form: ChangeSegmentForm | None = None, editor: Conditions | None = None
) -> dict[str, Any]:
    """With the form as it was sent, if it was. The edition it is based on is the one that is shown: sending it again
    after a conflict is a choice.
    """
    now = {**about_segment(shown), "edition": shown.edition, "was": json.dumps(about_segment(shown))}
    missed = None
    if form is not None and form.is_bound:
        missed = in_segment(shown, number(request.POST.get("edition", "")), request.POST.get("was", ""))
        form.data = {**request.POST.dict(), "edition": shown.edition, "was": now["was"]}
    match = "any" if "any" in shown.condition else "all"
    return {
        "segment": shown,
        "match": match,
        "parts": [phrases.condition(part) for part in shown.condition.get(match, [shown.condition])],
        "uses": uses([shown])[shown.pk],
        "log": _log(shown),
        "may": signed_in(request).has_role(shown.product, *actions.MAY_CHANGE),
        "form": form or ChangeSegmentForm(initial=now),
        "editor": editor or Conditions.of(shown.condition),
        "meanwhile": missed,
        "yours": _would(request, shown, editor) if missed and editor else [],
    }


def _would(request: HttpRequest, shown: Segment, editor: Conditions) -> list[diff.Change]:
    """What saving would change of what it is by now, as far as what was typed can be read."""
    typed = {name: request.POST.get(name, "").strip() for name in ("name", "description")}
    try:
        condition = editor.read(segments=set(definition.segments_of(shown.product_id)) - {shown.key})
    except Refused:
        return []
    return diff.segment(about_segment(shown), {**typed, "condition": condition})


def _log(shown: Segment) -> list[Logged]:
    """Told once: that a change of it touched a claimed flag stands in that release's record as well."""
    found = AuditEntry.objects.filter(stream=f"product:{shown.product_id}", subject=f"segment:{shown.pk}")
    entries = list(found.select_related("actor").prefetch_related("texts")[: HISTORY + 1])
    return logged(entries[:HISTORY], segment_past.changes_in(entries))


def _placed(form: Any, editor: Conditions, act: Any) -> Any:
    """`act()`; what it refuses is said at the field or the condition it is about, and once."""
    try:
        return held(form, act)
    except Refused as refused:
        if refused.field.startswith("condition"):
            editor.refuse(refused)
        placed = refused.field.startswith(("condition", editor.prefix)) or refused.field in form.fields
        raise type(refused)(WRONG, field=refused.field) if placed else refused from refused
