"""The percentage of a flag in one environment: set on the flag's page at once, or here with a reason and a time."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from core.access import who_may
from core.weights import as_percent
from flags.actions.common import carried
from flags.forms.weight import WeightForm
from flags.meanwhile import meanwhile
from flags.places import state_in, word
from flags.views.reach import CHANGERS, read_version, there, turned_away, visible
from flags.views.submit import submit

PAGE = "flags/weight.html"


@who_may(CHANGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def flag_weight(request: HttpRequest, product: str, key: str, environment: str) -> HttpResponse:
    asked = there(request, product, key, environment)
    if away := turned_away(request, asked["flag"]):
        return away
    state = state_in(asked["flag"], asked["environment"])
    form = WeightForm(request.POST or None, initial={"percent": as_percent(state.weight).removesuffix("\u00a0%")})
    read = read_version(request.POST.get("based_on", "")) if request.POST else state.version
    if not form.is_valid():
        context = _page(request, asked, form) | {"based_on": read}
        return render(request, PAGE, context, status=422 if form.is_bound else 200)
    return submit(
        request,
        asked,
        lambda: {
            "changes": carried(form.weight, ""),
            "action": "flag_weight_set",
            "based_on": read,
            **form.said,
        },
        done=f"{key} is set to {as_percent(form.weight)} in {asked['environment'].name.lower()}.",
        template=PAGE,
        context=lambda: _page(request, asked, form, read),
        refuse=form.refuse,
    )


def _page(request: HttpRequest, asked: dict[str, Any], form: WeightForm, read: int | None = None) -> dict[str, Any]:
    """The flag as it is by now: what is sent next is based on that."""
    shown = visible(request, asked["flag"].product.slug, asked["flag"].key)
    state = state_in(shown, asked["environment"])
    return {
        "flag": shown,
        "environment": asked["environment"],
        "form": form,
        "word": word(state),
        "based_on": state.version,
        "meanwhile": meanwhile(state, read),
    }
