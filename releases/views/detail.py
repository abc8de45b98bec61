"""The page of a release: can it go, and if not, who is needed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from core import clock
from core.access import signed_in, who_may
from core.models import AuditEntry
from core.weights import FULL, as_percent
from flags.choices import Carrier
from flags.models import FlagState
from releases import forms, rules
from releases.choices import CheckKind, LinkKind, ReleaseStatus
from releases.gates import Gate, Question, readiness
from releases.models import Candidate, Check, Deployment, Feature, Release
from releases.panels import Panel, panels
from releases.views.scope import load

PAGE = "releases/detail.html"
ABOUT_SCOPE = {"scope", "flag_coverage", "candidate"}
"""Gates whose button leads to the scope page, where only managers change anything."""
TOLD = 12
"""Entries of the timeline that the page shows at first."""


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
        "may_change": found.is_changeable and forms.manages(signed_in(request), found),
    }
    for name in [part] if part else PARTS:
        for key, value in PARTS[name](found, request, now).items():
            context[key] = value
    response = render(request, f"{PAGE}#{part}" if part else PAGE, context)
    response["Vary"] = "HX-Request"
    return response


def _top(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    gates, others = _gates_of(found, request, now), _panels_of(found, request, now)
    status = ReleaseStatus(found.status)
    notes = {key: text for panel in others for key, text in panel.notes.items()}
    then = next((panel.then for panel in others if panel.then), "")
    share = sum(gate.is_open for gate in gates) / len(gates) if gates else 0.5
    features = _count(len(found.features.all()), "feature")
    shut = [gate for gate in gates if not gate.is_open and gate.url]
    return {
        "line": next((panel.line for panel in others if panel.line), None) or rules.headline(gates, status, then, now),
        "points": rules.phases(status, {ReleaseStatus.DRAFT: features, **notes}, share),
        "first": min(shut, key=lambda gate: gate.state is not rules.GateState.BLOCKED, default=None),
    }


def _gates(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    gates = _gates_of(found, request, now)
    order = {rules.GateState.BLOCKED: 0, rules.GateState.WAITING: 1, rules.GateState.OPEN: 2}
    return {"gates": sorted(gates, key=lambda gate: order[gate.state]), "open": sum(gate.is_open for gate in gates)}


def _scope(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    features = list(found.features.select_related("owner").prefetch_related("flags__product", "links__other"))
    states: dict[int, list[FlagState]] = {}
    for state in FlagState.objects.filter(flag__features__release=found, environment__is_production=True).distinct():
        states.setdefault(state.flag_id, []).append(state)
    rows = [(feature, _after(feature), production(feature, states)) for feature in features]
    return {"features": rows, "count": _count(len(rows), "feature")}


def _candidate(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    rows = list(found.candidates.select_related("product", "build__author").order_by("product__name"))
    builds = [row.build_id for row in rows if row.build_id]
    checks: dict[int, dict[str, Check]] = {}
    for check in Check.objects.filter(build__in=builds).order_by("reported_at", "id"):
        checks.setdefault(check.build_id, {})[check.kind] = check
    replaced = _replaced(rows)
    return {
        "candidates": [
            {
                "product": row.product,
                "build": row.build,
                "digest": rules.short(row.build.digest) if row.build else "",
                "checks": [checks.get(row.build_id or 0, {}).get(kind) or CheckKind(kind) for kind in CheckKind.values],
                "replaces": replaced.get(row.product_id),
            }
            for row in rows
        ]
    }


def _timeline(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    entries = story(found)
    total = entries.count()
    shown = entries if request.GET.get("all") else entries[:TOLD]
    return {"entries": list(shown), "told": TOLD, "total": total, "all": bool(request.GET.get("all"))}


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
    "panels": _other,
    "scope": _scope,
    "candidate": _candidate,
    "asides": _asides,
    "timeline": _timeline,
}


def story(found: Release) -> QuerySet[AuditEntry]:
    """The release's own record, and what its products' records say of its candidates; newest first."""
    builds = Candidate.objects.filter(release=found, build__isnull=False).values_list("product_id", "build_id")
    about = Q(stream=found.subject)
    for product_id, build_id in builds:
        about |= Q(stream=f"product:{product_id}", subject=f"build:{build_id}")
    return AuditEntry.objects.filter(about).select_related("actor").prefetch_related("texts").order_by("-at", "-id")


def production(feature: Feature, states: dict[int, list[FlagState]]) -> tuple[str, str, str]:
    """Tone, icon and word: who has the feature in production by its flags."""
    found = [state for flag in feature.flags.all() for state in states.get(flag.pk, [])]
    if not found:
        return ("none", "ring", "no flag") if not feature.flags.all() else ("none", "ring", "off")
    if any(not state.enabled for state in found):
        return "bad", "x", "switched off"
    least = min(found, key=lambda state: state.weight)
    if least.weight == 0:
        return "none", "ring", "off"
    if any(state.carrier == Carrier.BUILD for state in found):
        return "live", "route", "follows the route"
    return ("good" if least.weight == FULL else "live"), "live", as_percent(least.weight)


def _gates_of(found: Release, request: HttpRequest, now: datetime) -> list[Gate]:
    """Asked once per request. A finished release has none: its gates are history."""
    if ReleaseStatus(found.status).is_finished:
        return []
    cached: list[Gate] | None = getattr(request, "_gates", None)
    if cached is None:
        cached = readiness(Question(release=found, now=now))
        if not (found.is_changeable and forms.manages(signed_in(request), found)):
            cached = [replace(gate, act="View") if gate.key in ABOUT_SCOPE else gate for gate in cached]
        request._gates = cached  # type: ignore[attr-defined]
    return cached


def _panels_of(found: Release, request: HttpRequest, now: datetime) -> list[Panel]:
    cached: list[Panel] | None = getattr(request, "_panels", None)
    if cached is None:
        cached = panels(found, signed_in(request), now)
        request._panels = cached  # type: ignore[attr-defined]
    return cached


def _replaced(rows: list[Candidate]) -> dict[int, Deployment]:
    """Per product what runs in production now and is not the candidate."""
    candidates = {row.build_id for row in rows if row.build_id}
    deployments = (
        Deployment.objects.filter(
            environment__product__in=[row.product_id for row in rows], environment__is_production=True
        )
        .exclude(build__in=candidates)
        .order_by("environment__product_id", "-deployed_at", "-id")
        .distinct("environment__product_id")
        .select_related("build", "environment")
    )
    return {row.environment.product_id: row for row in deployments}


def _after(feature: Feature) -> str:
    names = [link.other.name for link in feature.links.all() if link.kind == LinkKind.AFTER]
    return f"after {rules.join(names)}" if names else ""


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
