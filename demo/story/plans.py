"""Rollout plans. A route carries the percentage and the flags follow it; without a route the flags carry it."""

from collections.abc import Sequence
from typing import Any

from demo.story.stage import Stage
from flags.models import Flag
from releases.models import Release
from rollouts.choices import OnBreach, Role
from rollouts.models import Kpi, Plan

SLOW_MS = 75
"""A healthy search takes 60 ms and crosses this once in a hundred thousand times; a hurt one nearly always."""
SIDES = {"canary": "green", "stable": "blue"}
EVERYBODY = {
    "canary": "search",
    "stable": "admin",
    "options": {"metric": "envoy_http_downstream_rq_xx", "side_label": "envoy_http_conn_manager_prefix"},
}
"""All requests at the proxy's door, whichever version answers; what the other side would be is never compared."""


def by_route(stage: Stage, release: Release, *, steps: Sequence[tuple[int, int, int]], watch: int) -> Plan:
    """`steps` are weight (parts per 100 000), bake (seconds) and the users each side must show."""
    production = stage.place(stage.storefront, "production")
    slots = {"slot": stage.slots["green"], "stable_slot": stage.slots["blue"]}
    plan = Plan.objects.create(release=release, environment=production, watch_seconds=watch, **slots)
    _steps(plan, steps)
    plan.targets.create(router="envoy", key="search", role=Role.CARRIES, order=0)
    for order, flag in enumerate(_flags(release), start=1):
        plan.targets.create(router="flag", key=flag.key, role=Role.FOLLOWS, order=order)
    _kpi(plan, "Failed searches", "access_log", {**SIDES, "bad_status": 500})
    _kpi(plan, "Slow searches", "access_log", {**SIDES, "bad_status": 0, "slow_ms": SLOW_MS})
    # Three visitors fail for reasons of their own: requests are not independent, so bare counts are not compared.
    total = {"compare": False, "limit": 0.1, "breach_seconds": 20}
    _kpi(plan, "Failed requests in total", "envoy", {**SIDES, "bad_status": 500}, **total)
    return plan


def by_flags(stage: Stage, release: Release, *, steps: Sequence[tuple[int, int, int]], watch: int) -> Plan:
    """Its flags carry the percentage; what watches them is the shop as a whole, by an absolute limit."""
    production = stage.place(release.product, "production")
    plan = Plan.objects.create(release=release, environment=production, watch_seconds=watch)
    _steps(plan, steps)
    for order, flag in enumerate(_flags(release)):
        plan.targets.create(router="flag", key=flag.key, role=Role.CARRIES, order=order)
    _kpi(plan, "Failed requests in the shop", "envoy", EVERYBODY, compare=False, limit=0.1, breach_seconds=20)
    return plan


def _steps(plan: Plan, steps: Sequence[tuple[int, int, int]]) -> None:
    for order, (weight, bake, users) in enumerate(steps):
        plan.steps.create(order=order, weight=weight, bake_seconds=bake, min_users=users)


def _flags(release: Release) -> list[Flag]:
    return list(Flag.objects.filter(features__release=release).order_by("key"))


def _kpi(plan: Plan, name: str, source: str, query: dict[str, Any], **rest: Any) -> Kpi:
    defaults = {"no_data_seconds": 60, "on_no_data": OnBreach.PAUSE, "order": plan.kpis.count()}
    return plan.kpis.create(name=name, source=source, query=query, **{**defaults, **rest})
