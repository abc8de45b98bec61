"""The page of a release: can it go, and if not, who is needed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from core import clock
from core.access import signed_in, who_may
from releases import forms, rules
from releases.choices import ReleaseStatus
from releases.gates import Gate, Question, closed, readiness
from releases.models import Release
from releases.panels import READY, Act, Panel, panels
from releases.views import ship, story
from releases.views.line import sentence_of
from releases.views.scope import load

PAGE = "releases/detail.html"
ABOUT_SCOPE = {"scope", "flag_coverage", "candidate"}
"""Gates whose button leads to the scope page, where only managers change anything."""


@who_may("whoever has a role in a product of the release")
@require_safe
def release(request: HttpRequest, release_id: int) -> HttpResponse:
    """The whole page, or with `?part=` one panel of it, which loads no more than it shows."""
    found, now = load(request, release_id), clock.now()
    part = request.GET.get("part", "")
    if part and part not in PARTS:
        raise Http404("There is no such part.")
    context: dict[str, Any] = {
        "release": found,
        "status": ReleaseStatus(found.status),
        "now": now,
        "may_change": _may_change(found, request),
    }
    for name in [part] if part else PARTS:
        for key, value in PARTS[name](found, request, now).items():
            context[key] = value
    response = render(request, f"{PAGE}#{part}" if part else PAGE, context)
    response["Vary"] = "HX-Request"
    return response


def _top(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    """The sentence, its buttons (at most two), the slipway."""
    gates, others = _gates_of(found, request, now), _panels_of(found, request, now)
    status = ReleaseStatus(found.status)
    notes = {key: text for panel in others for key, text in panel.notes.items()}
    share = sum(gate.is_open for gate in gates) / len(gates) if gates else 0.5
    features = rules.counted(len(found.features.all()), "feature")
    moving = next((panel for panel in others if panel.line), None)
    first = next(iter(closed(gates)), None)
    presses = {key: press for panel in others for key, press in panel.presses.items()}
    shut = [gate.key for gate in closed(gates)] or [READY]
    go = moving.act if moving else Act(first.act, first.url, first.name) if first and first.url else None
    return {
        "line": sentence_of(found, gates, others, now),
        "points": rules.phases(status, {ReleaseStatus.DRAFT: features, **notes}, share),
        "go": go,
        "press": next((presses[key] for key in shut if key in presses and not moving), None),
    }


def _gates(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    gates = _gates_of(found, request, now)
    order = {rules.GateState.BLOCKED: 0, rules.GateState.WAITING: 1, rules.GateState.OPEN: 2}
    return {"gates": sorted(gates, key=lambda gate: order[gate.state]), "open": sum(gate.is_open for gate in gates)}


def _other(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    return {"panels": _drawn(found, request, now, aside=False)}


def _asides(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    return {"asides": _drawn(found, request, now, aside=True)}


def _drawn(found: Release, request: HttpRequest, now: datetime, *, aside: bool) -> list[str]:
    """Other rooms' panels, each rendered alone with its own context and nothing else of this page's."""
    return [
        render_to_string(panel.template, {"release": found, "now": now, **panel.context}, request)
        for panel in _panels_of(found, request, now)
        if panel.template and panel.aside == aside
    ]


PartFunction = Callable[[Release, HttpRequest, datetime], dict[str, Any]]
PARTS: dict[str, PartFunction] = {
    "top": _top,
    "gates": _gates,
    "scope": ship.scope,
    "panels": _other,
    "candidate": ship.candidate,
    "risk": ship.weighed,
    "asides": _asides,
    "timeline": story.timeline,
}


def _may_change(found: Release, request: HttpRequest) -> bool:
    return found.is_changeable and forms.manages(signed_in(request), found)


def _gates_of(found: Release, request: HttpRequest, now: datetime) -> list[Gate]:
    """Asked once per request. A finished release has none: its gates are history."""
    if ReleaseStatus(found.status).is_finished:
        return []
    cached: list[Gate] | None = getattr(request, "_gates", None)
    if cached is None:
        cached = readiness(Question(release=found, now=now))
        if not _may_change(found, request):
            cached = [replace(gate, act="View") if gate.key in ABOUT_SCOPE else gate for gate in cached]
        request._gates = cached  # type: ignore[attr-defined]
    return cached


def _panels_of(found: Release, request: HttpRequest, now: datetime) -> list[Panel]:
    cached: list[Panel] | None = getattr(request, "_panels", None)
    if cached is None:
        cached = panels(found, signed_in(request), now)
        request._panels = cached  # type: ignore[attr-defined]
    return cached
