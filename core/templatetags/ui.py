"""The design system as template tags. They are built in: no template needs to load them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.db.models import prefetch_related_objects
from django.forms import BoundField, CheckboxInput, RadioSelect, Select, Textarea, Widget
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import sentences, ui, weights, words
from core.models import AuditEntry, User

register = template.Library()


@register.simple_tag
def icon(name: str, small: bool = False) -> SafeString:
    """One icon of the sprite. It says nothing to a screen reader: a word stands beside it."""
    size = " icon--small" if small else ""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#i-{}"/></svg>', size, static("icons.svg"), name
    )


@register.simple_tag
def hull(x: str = "0", y: str = "-0.5", width: int = 36, height: int = 18) -> SafeString:
    return format_html(
        '<use class="rail__hull" href="{}#hull" x="{}" y="{}" width="{}" height="{}"/>',
        static("icons.svg"),
        x,
        y,
        width,
        height,
    )


@register.simple_tag
def state(tone: str, icon: str, word: str, boxed: bool = False) -> SafeString:
    """Every status: an icon and a word. Boxed once per page, beside a title."""
    return format_html(
        '<span class="state{}" data-tone="{}">{}{}</span>', " state--boxed" if boxed else "", tone, draw(icon), word
    )


draw = icon  # the parameter above has the name that templates use


@register.simple_tag
def person(user: User | None) -> SafeString:
    if user is None:
        return format_html('<span class="who">{}</span>', "Slipway")
    return format_html(
        '<span class="who"><span class="who__face" aria-hidden="true">{}</span>{}</span>', user.initials, str(user)
    )


@register.simple_tag
def when(at: datetime | None, zone: bool = True) -> SafeString | str:
    """``Tue 24 Nov 09:00 CET`` as a time element; nothing for None."""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), words.moment(at, zone=zone)) if at else ""


@register.simple_tag
def ago(at: datetime | None, now: datetime | None = None) -> SafeString | str:
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), words.ago(at, now)) if at else ""


@register.simple_tag
def countdown(at: datetime | None) -> SafeString | str:
    """``3 min 20 s``, ticking where scripts run; the moment itself where they do not."""
    if at is None:
        return ""
    return format_html('<output data-countdown="{}">{}</output>', at.isoformat(), words.moment(at))


@register.filter
def span(duration: timedelta | None) -> str:
    return words.span(duration) if duration is not None else ""


@register.filter
def short_time(at: datetime | None) -> str:
    """``Fri 13:50``; ``16 Nov 10:20`` when it is longer ago."""
    return words.short(at) if at else ""


@register.filter
def percent(weight: int | None) -> str:
    """Parts per 100 000 as ``5 %``."""
    return weights.as_percent(weight) if weight is not None else ""


@register.filter
def thousands(number: float | None) -> str:
    """``1 284``, with no-break spaces."""
    return f"{number:,}".replace(",", "\u00a0") if number is not None else ""


@register.filter
def sentence_of(entry: AuditEntry) -> str:
    return sentences.describe(entry).form


@register.simple_tag
def sentence(line: ui.Line) -> SafeString:
    """The first line of a page. With buttons: ``{% include "elements/sentence.html" with s=… acts="…" %}``."""
    return render_to_string("elements/sentence.html", {"s": line})


@register.simple_tag
def rail(points: Sequence[ui.Point], label: str) -> SafeString:
    return render_to_string("elements/rail.html", {"points": points, "label": label})


@register.simple_tag
def minirail(points: Sequence[ui.Point]) -> SafeString:
    return render_to_string("elements/minirail.html", {"mini": ui.mini(points)})


@register.simple_tag
def gate(one: Any) -> SafeString:
    """One gate as a row: anything with `name, state (value, tone, icon), sentence, who, since, url, act`."""
    return render_to_string("elements/gate.html", {"gate": one})


@register.simple_tag
def history(entries: Iterable[AuditEntry]) -> SafeString:
    """Audit entries in words, newest first as given."""
    rows = list(entries)
    prefetch_related_objects(rows, "texts", "actor")
    log = []
    for entry in rows:
        told = sentences.describe(entry)
        actor = str(entry.actor) if entry.actor else "Slipway"
        bold = actor if told.form.startswith(actor) else ""
        log.append({"entry": entry, "told": told, "bold": bold, "rest": told.form.removeprefix(bold)})
    return render_to_string("elements/history.html", {"log": log})


@register.simple_tag
def empty(title: str, text: str = "") -> SafeString:
    return format_html('<div class="empty"><span><b>{}</b> {}</span></div>', title, text)


@register.simple_tag
def seal(digest: str) -> SafeString:
    """The approval digest, shortened to what people compare."""
    groups = [digest[start : start + 4] for start in (0, 4, 8)]
    return format_html('<span class="seal">approval digest {} … {}</span>', " ".join(groups), digest[-4:])


@register.simple_tag
def field(bound: BoundField, label: str = "", optional: bool = True) -> SafeString:
    """A form field with its label, hint and errors, wired for assistive technology. `optional=False` leaves out the
    word, where nothing is ever required (filters).
    """
    widget = bound.field.widget
    described = [f"{bound.auto_id}_error"] if bound.errors else []
    described += [f"{bound.auto_id}_hint"] if bound.help_text else []
    attributes: dict[str, str | bool] = {"class": _class_of(widget)}
    if bound.errors:
        attributes["aria-invalid"] = "true"
    if described:
        attributes["aria-describedby"] = " ".join(described)
    drawn = bound.as_widget(attrs=attributes)
    kind = "choices" if isinstance(widget, RadioSelect) else "check" if isinstance(widget, CheckboxInput) else "field"
    context = {"field": bound, "drawn": drawn, "kind": kind, "label": label or bound.label, "optional": optional}
    return render_to_string("elements/field.html", context)


def _class_of(widget: Widget) -> str:
    if isinstance(widget, CheckboxInput | RadioSelect):
        return ""
    if isinstance(widget, Textarea):
        return "textarea"
    return "select" if isinstance(widget, Select) else "input"
