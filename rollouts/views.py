"""Live rollouts: the list, the page, and what people press there."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from core import clock
from core.access import who_may
from core.models import User
from core.scope import chosen
from core.views import attempt, reason_of
from releases.models import Release
from rollouts import actions, material, screen
from rollouts.choices import RolloutState
from rollouts.facts import PREFETCH
from rollouts.models import Rollout

ENDED_SHOWN = 50
UNSAID = "by hand, without a reason given"
"""Stopping and going back take one press: a form must never stand between a person and the way back."""


@who_may("everybody; of the products in which they have a role")
@require_safe
def rollouts(request: HttpRequest) -> HttpResponse:
    """Live ones first, each with its sentence; then what has ended."""
    seen = _visible(request)
    product = chosen(request)
    if product:
        seen = seen.filter(release__candidates__product=product)
    now = clock.now()
    ended = seen.filter(state__in=[RolloutState.COMPLETED, RolloutState.ROLLED_BACK])[:ENDED_SHOWN]
    context = {
        "live": [screen.row(rollout, now) for rollout in seen.live()],
        "ended": [screen.row(rollout, now) for rollout in ended],
    }
    return _page(request, "rollouts/list.html", "rows", context)


@who_may("whoever has a role in a product of the release")
@require_safe
def rollout(request: HttpRequest, pk: int) -> HttpResponse:
    """The live page; for htmx only what changes in it."""
    person, now = _person(request), clock.now()
    shown = material.visible_to(person, pk, now)
    return _page(request, "rollouts/detail.html", "live", screen.page(shown, person, now))


@who_may("approvers, release managers, engineers and owners of the release's products")
@require_POST
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    action = _with_reason(request, actions.hold, unless_said=UNSAID)
    return _press(request, pk, action, "Paused. Nobody new gets it until it is resumed.")


@who_may("release managers and owners of the release's product")
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    return _press(request, pk, _with_reason(request, actions.resume), "Resumed.")


@who_may("approvers, release managers, engineers and owners of the release's products")
@require_POST
def roll_back(request: HttpRequest, pk: int) -> HttpResponse:
    return _press(request, pk, _with_reason(request, actions.roll_back, unless_said=UNSAID), "Rolled back.")


@who_may("the team that the plan names for the next step")
@require_POST
def go(request: HttpRequest, pk: int) -> HttpResponse:
    return _press(request, pk, actions.press_go, "Go is given.")


@who_may("release managers and owners of the release's product")
@require_POST
def flag_on(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Turn a flag on again that a person turned off: growth, which asks every gate."""
    return _press(request, pk, partial(actions.reenable_flag, key=key), f"{key} is on again.")


@who_may("release managers and owners of the release's product")
@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Start the rollout of release `pk`: every gate is asked again in the transaction that begins it."""
    release = get_object_or_404(Release.objects.visible_to(_person(request)), pk=pk)
    return attempt(
        request,
        lambda: actions.start_rollout(release=release, actor=_person(request)),
        back=lambda started: reverse("rollout", args=[started.pk]) if started else reverse("release", args=[pk]),
        done="Started.",
    )


def _press(request: HttpRequest, pk: int, action: Callable[..., Any], done: str) -> HttpResponse:
    pressed = get_object_or_404(_visible(request), pk=pk)
    return attempt(
        request,
        lambda: action(rollout=pressed, actor=_person(request)),
        back=reverse("rollout", args=[pk]),
        done=done,
    )


def _with_reason(request: HttpRequest, action: Callable[..., Any], *, unless_said: str = "") -> Callable[..., Any]:
    return lambda **arguments: action(**arguments, reason=reason_of(request) or unless_said)


def _page(request: HttpRequest, template: str, partial: str, context: dict[str, Any]) -> HttpResponse:
    """The whole page, or for htmx the named partial of it: one address answers both ways."""
    response = render(request, f"{template}#{partial}" if getattr(request, "htmx", False) else template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _visible(request: HttpRequest) -> Any:
    seen = Rollout.objects.visible_to(_person(request))
    rows = seen.select_related(*material.RELATED)
    return rows.prefetch_related(*PREFETCH)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
