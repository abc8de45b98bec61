"""Parts of the release page about what ships: scope, candidate, risk."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from core.weights import FULL, as_percent
from flags.choices import Carrier
from flags.models import FlagState
from releases import risk, rules
from releases.choices import CheckKind, LinkKind, ReleaseStatus
from releases.columns import Cell, columns
from releases.models import Candidate, Check, Deployment, Feature, Release


def scope(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    features = list(found.features.select_related("owner").prefetch_related("flags__product", "links__other"))
    states: dict[int, list[FlagState]] = {}
    for state in FlagState.objects.filter(flag__features__release=found, environment__is_production=True).distinct():
        states.setdefault(state.flag_id, []).append(state)
    known = columns(found) if features else []
    return {
        "titles": [column.title for column in known],
        "features": [
            {
                "feature": feature,
                "after": _after(feature),
                "cells": [column.of(feature.pk) for column in known],
                "production": production(feature, states),
            }
            for feature in features
        ],
        "count": rules.counted(len(features), "feature"),
    }


def candidate(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    rows = list(found.candidates.select_related("product", "build__author").order_by("product__name"))
    builds = [row.build_id for row in rows if row.build_id]
    checks: dict[int, dict[str, Check]] = {}
    for check in Check.objects.filter(build__in=builds).order_by("reported_at", "id"):
        checks.setdefault(check.build_id, {})[check.kind] = check
    replaced = {} if ReleaseStatus(found.status).is_finished else _replaced(rows)
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


def weighed(found: Release, request: HttpRequest, now: datetime) -> dict[str, Any]:
    """The risk, while there is still something to decide about it."""
    return {"risk": None if ReleaseStatus(found.status).is_finished else risk.assess(found, now)}


def production(feature: Feature, states: dict[int, list[FlagState]]) -> Cell:
    """Who has the feature in production by its flags."""
    found = [state for flag in feature.flags.all() for state in states.get(flag.pk, [])]
    if not found:
        return Cell("none", "ring", "off" if feature.flags.all() else "no flag")
    if any(not state.enabled for state in found):
        return Cell("bad", "x", "switched off")
    least = min(found, key=lambda state: state.weight)
    if least.weight == 0:
        return Cell("none", "ring", "off")
    if any(state.carrier == Carrier.BUILD for state in found):
        return Cell("live", "route", "follows the route")
    return Cell("good" if least.weight == FULL else "live", "live", as_percent(least.weight))


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
