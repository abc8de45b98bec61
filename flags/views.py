"""The pages of flags: the list, one flag with its places and its playground, and what can be pressed there."""

import re
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import clock
from core.access import who_may
from core.errors import Refused
from core.models import AuditEntry, Environment, User
from core.scope import narrow
from core.views import attempt, reason_of
from flags import actions, explain, screen, snapshot
from flags.choices import Reach
from flags.forms import NewFlagForm, PlayForm, WeightForm
from flags.models import Flag

MEMBERS = "members of the product"
HISTORY, NEWEST = 40, 4
"""How much of a flag's history its page has, and how much of that stands open."""
CHANGERS = "release managers, engineers and owners of the product"


@who_may(MEMBERS)
@require_safe
def flags(request: HttpRequest) -> HttpResponse:
    """The list; for htmx its rows alone, as somebody types."""
    template = "flags/_rows.html" if getattr(request, "htmx", False) else "flags/list.html"
    response = render(request, template, _list(request, _at(request)))
    patch_vary_headers(response, ["HX-Request"])
    return response


@who_may(MEMBERS)
@require_safe
def flag(request: HttpRequest, product: str, key: str) -> HttpResponse:
    shown = _visible(request, product, key)
    assert isinstance(request.user, User)
    places = screen.places(shown, request.user, clock.now())
    context = {
        "flag": shown,
        "reach": screen.reach(shown.states.all()),
        "claimed_by": screen.claimed_by(shown),
        "places": places,
        "topics": [f"flags:{place.environment.pk}" for place in places],
    }
    if request.GET.get("part") == "places":
        return render(request, "flags/flag.html#places", context)
    record = AuditEntry.objects.filter(subject=f"flag:{shown.pk}").select_related("actor").prefetch_related("texts")
    history = list(record[:HISTORY])
    context |= {"newest": history[:NEWEST], "older": history[NEWEST:]}
    return render(request, "flags/flag.html", {**context, **_list(request, shown), **_played(request, shown)})


@who_may(CHANGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def flag_new(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    form = NewFlagForm(request.POST or None, user=request.user)
    if not form.is_valid():
        return render(request, "flags/new.html", {"form": form}, status=422 if request.method == "POST" else 200)
    try:
        made = actions.create_flag(actor=request.user, **form.cleaned_data)
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.sentence)
        return render(request, "flags/new.html", {"form": form}, status=refused.status)
    return attempt(request, lambda: made, back=made.get_absolute_url(), done=f"{made.key} is there; nobody has it yet.")


@who_may(CHANGERS)
@require_POST
def flag_kill(request: HttpRequest, product: str, key: str, environment: str) -> HttpResponse:
    there = _there(request, product, key, environment)
    done = f"{key} is off for everybody in {there['environment'].name}."
    return attempt(request, lambda: actions.kill(**there, reason=reason_of(request)), back=_back(there), done=done)


@who_may(CHANGERS)
@require_POST
def flag_enable(request: HttpRequest, product: str, key: str, environment: str) -> HttpResponse:
    there = _there(request, product, key, environment)
    done = f"{key} decides again in {there['environment'].name}."
    return attempt(request, lambda: actions.enable(**there), back=_back(there), done=done)


@who_may(CHANGERS)
@require_POST
def flag_weight(request: HttpRequest, product: str, key: str, environment: str) -> HttpResponse:
    there = _there(request, product, key, environment)
    form = WeightForm(request.POST)

    def change() -> object:
        if not form.is_valid():
            raise Refused("Say a percentage from 0 to 100, with at most three decimals.", field="percent")
        return actions.set_weight(**there, weight=form.weight)

    done = f"{key} is set in {there['environment'].name}."
    return attempt(request, change, back=_back(there), done=done)


def _visible(request: HttpRequest, product: str, key: str) -> Flag:
    assert isinstance(request.user, User)
    mine = Flag.objects.visible_to(request.user).select_related("product", "owner")
    mine = mine.prefetch_related("states__environment")
    return get_object_or_404(mine, product__slug=product, key=key)


def _there(request: HttpRequest, product: str, key: str, environment: str) -> dict[str, Any]:
    shown = _visible(request, product, key)
    where = get_object_or_404(Environment, product=shown.product, slug=environment)
    return {"flag": shown, "environment": where, "actor": request.user}


def _back(there: dict[str, Any]) -> str:
    url: str = there["flag"].get_absolute_url()
    return url


def _list(request: HttpRequest, at: Flag | None = None) -> dict[str, Any]:
    """The list beside every flag page, in groups by how far each has come; `at` is the one that is shown."""
    assert isinstance(request.user, User)
    asked, tab = request.GET.get("q", "").strip()[:100], request.GET.get("state", "")
    found = narrow(request, Flag.objects.visible_to(request.user).filter(archived_at=None))
    if asked:
        words = ("key", "name", "claim_label", "owner__name")
        found = found.filter(reduce(or_, (Q(**{f"{field}__icontains": asked}) for field in words)))
    now = clock.now()
    flags = found.select_related("product", "owner").prefetch_related("states__environment")
    rows = [screen.row(one, now) for one in flags]
    tab = tab if tab in {one.value for one in Reach} else ""
    return {
        "groups": screen.groups(rows, tab),
        "tabs": screen.tabs(rows),
        "tab": tab,
        "count": len(rows),
        "q": asked,
        "at": at,
    }


def _at(request: HttpRequest) -> Flag | None:
    """The flag beside which somebody searches: its row stays marked."""
    assert isinstance(request.user, User)
    asked = request.GET.get("at", "")
    return (
        Flag.objects.visible_to(request.user).filter(pk=int(asked)).first()
        if re.fullmatch(r"\d{1,18}", asked)
        else None
    )


def _played(request: HttpRequest, shown: Flag) -> dict[str, Any]:
    """The playground's answer, if it was asked something."""
    form = PlayForm(request.GET if "environment" in request.GET else None)
    where = (
        shown.product.environments.filter(slug=form.cleaned_data["environment"]).first() if form.is_valid() else None
    )
    if where is None:
        return {"play": form}
    rule = snapshot.load({where.pk})[where.pk].flags.get(shown.key)
    asked = {"user": form.cleaned_data["user"], "build": form.cleaned_data["build"]}
    return {"play": form, "where": where, "why": explain.explain(rule, **asked) if rule else None}
