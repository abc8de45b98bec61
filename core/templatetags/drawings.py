"""What is drawn, as template tags: icons, the slipway, charts, meters. Positions are SVG attributes, never styles."""

from collections.abc import Sequence

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import bars as stacks
from core import charts, ui

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
def rail(points: Sequence[ui.Point], label: str) -> SafeString:
    return render_to_string("elements/rail.html", {"points": points, "label": label})


@register.simple_tag
def minirail(points: Sequence[ui.Point]) -> SafeString:
    return render_to_string("elements/minirail.html", {"mini": ui.mini(points)})


@register.simple_tag
def chart(picture: charts.Picture) -> SafeString:
    return render_to_string("elements/chart.html", {"picture": picture})


@register.simple_tag
def bars(picture: stacks.Bars) -> SafeString:
    """Counts per day or so, in stacked bars; the key with the shares stands beside the heading (`swatch`)."""
    return render_to_string("elements/bars.html", {"picture": picture})


@register.simple_tag
def swatch(look: str) -> SafeString:
    """The colour of a series, before its name in the key of a chart."""
    drawn = '<rect class="chart__bar chart__bar--{}" width="14" height="8" rx="1"/>'
    return format_html('<svg viewBox="0 0 14 8" aria-hidden="true">{}</svg>', format_html(drawn, look))


@register.simple_tag
def evidence(filled: float, value: str, bound: str, harm: bool = False) -> SafeString:
    """The meter of one comparison: `filled` in per cent of its length, from `charts.evidence`."""
    context = {"filled": filled, "mark": charts.MARK, "value": value, "bound": bound, "harm": harm}
    return render_to_string("elements/evidence.html", context)


@register.simple_tag
def weight(points: int, text: str, most: int = 20) -> SafeString:
    """One reason of a sum and what it weighs: ``+12`` with a bar, full at `most`."""
    signed = f"+{points}" if points > 0 else f"\N{MINUS SIGN}{-points}" if points < 0 else "0"
    filled = min(40, round(40 * abs(points) / most))
    return render_to_string("elements/weight.html", {"signed": signed, "filled": filled, "text": text})
