"""The design system as template tags, with `times` and `drawings` beside it. They are built in: no template needs to
load them. `/elements/` shows them all and says when to use which.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.db.models import prefetch_related_objects
from django.forms import BoundField, CheckboxInput, RadioSelect, Select, Textarea, Widget
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import sentences, ui
from core.models import AuditEntry, User
from core.templatetags.drawings import icon as draw

register = template.Library()


@register.simple_tag
def button(
    word: str, *to: Any, look: str = "", icon: str = "", about: str = "", key: str = "", **rest: Any
) -> SafeString:
    """Everything that is pressed. With `to` (an address, or a view's name and its arguments) a link, else a button of
    its form. `look` is any of primary, ink, quiet, big, wide, icon; `about` names the row for a screen reader; `key`
    is its keyboard hint. All else becomes an attribute, `hx_post` as ``hx-post``; None and False leave it out.
    """
    looks = look.split()
    attributes = {name.replace("_", "-"): value for name, value in rest.items() if value not in (None, False)}
    context: dict[str, Any] = {"word": word, "element": "a" if to else "button", "address": address_of(*to)}
    context |= {
        "looks": looks,
        "icon": icon,
        "about": about,
        "key": key,
        "attributes": attributes,
        "only_icon": "icon" in looks,
    }
    return render_to_string("elements/button.html", context)


@register.simple_tag
def tag(word: object, *to: Any, icon: str = "", code: bool = False) -> SafeString:
    """A kind, a build (`icon="build"`) or a flag's key (`code=True`); with `to`, a link."""
    kind = " tag--code" if code else ""
    drawn = draw(icon) if icon else ""
    if to:
        return format_html('<a class="tag{}" href="{}">{}{}</a>', kind, address_of(*to), drawn, word)
    return format_html('<span class="tag{}">{}{}</span>', kind, drawn, word)


@register.simple_block_tag
def heading(content: str, title: str, *to: Any, link: str = "", level: int = 2) -> SafeString:
    """A panel's head, first in its `<section class="sect">`: the title, what stands beside it (between the tags: a
    count, a tag, a state) and at most one `link`.
    """
    beside = content if content.strip() else ""
    context = {"title": title, "beside": beside, "link": link, "address": address_of(*to), "level": level}
    return render_to_string("elements/heading.html", context)


def address_of(*to: Any) -> str:
    """Where a link leads: what is already an address as it is, else a view by its name and arguments."""
    if not to:
        return ""
    if isinstance(to[0], str) and to[0].startswith(("/", "#", "?", "http")):
        return to[0]
    return resolve_url(*to)


@register.simple_tag
def state(tone: str, icon: str, word: str, boxed: bool = False) -> SafeString:
    """Every status: an icon and a word. Boxed once per page, beside a title."""
    return format_html(
        '<span class="state{}" data-tone="{}">{}{}</span>', " state--boxed" if boxed else "", tone, draw(icon), word
    )


@register.simple_tag
def person(user: User | None) -> SafeString:
    if user is None:
        return format_html('<span class="who">{}</span>', "Slipway")
    return format_html(
        '<span class="who"><span class="who__face" aria-hidden="true">{}</span>{}</span>', user.initials, str(user)
    )


@register.simple_tag
def sentence(line: ui.Line) -> SafeString:
    """The first line of a page. With buttons: ``{% include "elements/sentence.html" with s=… acts="…" %}``."""
    return render_to_string("elements/sentence.html", {"s": line})


@register.filter
def sentence_of(entry: AuditEntry) -> str:
    return sentences.describe(entry).form


@register.simple_tag
def gate(one: Any) -> SafeString:
    """One gate as a row: anything with `name, state (value, tone, icon), sentence, who, since, url, act`."""
    return render_to_string("elements/gate.html", {"gate": one})


@register.simple_tag
def history(entries: Iterable[AuditEntry], names: Mapping[str, str] | None = None) -> SafeString:
    """Audit entries in words, newest first as given; what came of one cause stands in one line. `names`: what a reader
    calls what the record calls otherwise.
    """
    rows = list(entries)
    prefetch_related_objects(rows, "texts", "actor")
    return render_to_string("elements/history.html", {"log": sentences.tell(rows, names)})


@register.simple_tag
def empty(title: str, text: str = "", page: bool = False) -> SafeString:
    """Nothing here: what is true, then what will arrive. `page=True` where the whole page is empty; with buttons:
    ``{% include "elements/empty.html" with page=True title=… text=… acts="…" %}``.
    """
    return render_to_string("elements/empty.html", {"title": title, "text": text, "page": page})


@register.simple_tag
def facts(rows: Sequence[tuple[str, object]], wide: bool = False) -> SafeString:
    """Terms and what they are, in rows."""
    return render_to_string("elements/facts.html", {"rows": rows, "wide": wide})


@register.simple_tag
def diff(changes: Sequence[Any], same: Sequence[str] = ()) -> SafeString:
    """What changed: parts with `title, wording, lines (what, before, after), more`; and the names of what did not."""
    return render_to_string("elements/diff.html", {"changes": changes, "same": same})


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
