"""Changing what a flag is in every environment: what is said about it, and its values."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from core.access import signed_in, who_may
from core.models import AuditEntry
from core.views import attempt
from core.views.products import held
from flags import actions
from flags.diff import Change, Line, values
from flags.forms.about import DescribeForm, said_of
from flags.forms.change import ReasonForm
from flags.forms.variants import Variants
from flags.models import Flag
from flags.places import claimed_by
from flags.views.reach import CHANGERS, read_version, turned_away, visible

DESCRIBE, VALUES = "flags/describe.html", "flags/values.html"
SAYS_MORE = ("flag_described", "flag_variants_set")
"""What makes a new edition of a flag."""


@who_may(CHANGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def flag_describe(request: HttpRequest, product: str, key: str) -> HttpResponse:
    flag = visible(request, product, key)
    if away := turned_away(request, flag):
        return away
    form = DescribeForm(request.POST if request.method == "POST" else None, flag=flag)
    read = read_version(request.POST.get("based_on", "")) if form.is_bound else flag.edition
    context = {"flag": flag, "form": form, "based_on": read}
    if not form.is_bound or not form.is_valid():
        return render(request, DESCRIBE, context, status=422 if form.is_bound else 200)

    def describe() -> Any:
        said: dict[str, Any] = {"flag": flag, "actor": signed_in(request), "based_on": read, **form.cleaned_data}
        return held(form, lambda: actions.describe_flag(**said))

    def again() -> dict[str, Any]:
        now = visible(request, product, key)
        return {**context, **_meanwhile(now, read), "yours": [Change("Yours", _differs(form, now))]}

    back, done = flag.get_absolute_url(), "The description is saved."
    return attempt(request, describe, back=back, done=done, template=DESCRIBE, context=again)


@who_may(CHANGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def flag_values(request: HttpRequest, product: str, key: str) -> HttpResponse:
    """The form; a POST changes the values, or (`variant-more`) shows it again with more rows."""
    flag = visible(request, product, key)
    if away := turned_away(request, flag):
        return away
    sent = request.method == "POST"
    variants = Variants.sent(request.POST) if sent else Variants.of(flag.variants, flag.type)
    form = ReasonForm(request.POST if sent else None)
    read = read_version(request.POST.get("based_on", "")) if sent else flag.edition
    context: dict[str, Any] = {
        "flag": flag,
        "form": form,
        "editor": variants,
        "based_on": read,
        "claimed_by": claimed_by(flag),
    }
    if not sent or variants.wants_more or not form.is_valid():
        return render(request, VALUES, context, status=422 if sent and not variants.wants_more else 200)

    def change() -> Flag:
        context["given"] = given = variants.read(flag.type) or flag.variants
        actor, reason = signed_in(request), form.cleaned_data["reason"]
        return actions.set_variants(flag=flag, variants=given, actor=actor, based_on=read, reason=reason)

    def again() -> dict[str, Any]:
        now = visible(request, product, key)
        lines = list(values(now.variants, context["given"])) if "given" in context else []
        return {**context, **_meanwhile(now, read), "yours": [Change("Yours", lines)]}

    back, done = flag.get_absolute_url(), "The values are saved."
    return attempt(request, change, back=back, done=done, template=VALUES, context=again)


def _meanwhile(now: Flag, read: int | None) -> dict[str, Any]:
    """Who changed it since that edition. What is sent next is based on the last one."""
    found: dict[str, Any] = {"flag": now, "based_on": now.edition}
    if read is not None and read != now.edition:
        said = AuditEntry.objects.filter(subject=f"flag:{now.pk}", action__in=SAYS_MORE).select_related("actor")
        found["changed"] = said.first()
    return found


def _differs(form: DescribeForm, now: Flag) -> list[Line]:
    """What it says by now, beside what was typed."""
    found = []
    for name, value in said_of(now).items():
        before, after = _text(form, name, value), _text(form, name, form[name].value())
        if before != after:
            found.append(Line(str(form[name].label).lower(), before, after))
    return found


def _text(form: DescribeForm, name: str, value: object) -> str:
    """A field's value as people read it."""
    if value in (None, False, ""):
        return "no" if name == "for_clients" else ""
    choices = {str(one): str(word) for one, word in getattr(form.fields[name], "choices", [])}
    return "yes" if name == "for_clients" else choices.get(str(value), str(value))
