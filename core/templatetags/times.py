"""Times, spans and numbers as template tags and filters, in the words of `core.words` and `core.weights`."""

from datetime import datetime, timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import weights, words

register = template.Library()


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
def moment(at: datetime | None) -> str:
    """``Tue 24 Nov 09:00 CET`` as plain text, for mails."""
    return words.moment(at) if at else ""


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
