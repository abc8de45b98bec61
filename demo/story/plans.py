"""Rollout plans. A route carries the percentage and the flags follow it; without a route the flags carry it."""

from collections.abc import Sequence
from typing import Any

from demo.story.stage import Stage
from flags.models import Flag
from releases.models import Release
from rollouts.actions import KpiSpec, StepSpec, TargetSpec, set_plan
from rollouts.choices import OnBreach, Role
from rollouts.models import Plan

SLOW_MS = 75
"""A healthy search takes 60 ms and crosses this once in a hundred thousand times; a hurt one nearly always."""
SIDES = {"canary": "green", "stable": "blue"}
EVERYBODY = {
    "canary": "search",
    "stable": "admin",
    "options": {"metric": "envoy_http_downstream_rq_xx", "side_label": "envoy_http_conn_manager_prefix"},
}
"""All requests at the proxy's door, whichever version answers; what the other side would be is never compared."""
ABSOLUTE: dict[str, Any] = {"compare": False, "limit": 0.1, "breach_seconds": 20}


def by_route(stage: Stage, release: Release, *, steps: Sequence[tuple[int, int, int]], watch: int) -> Plan:
    """`steps` are weight (parts per 100 000), bake (seconds) and the users each side must show."""
    follow = [TargetSpec(router="flag", key=key, role=Role.FOLLOWS) for key in _flags(release)]
    return set_plan(
        release=release,
        environment=stage.place(stage.storefront, "production"),
        slot=stage.slots["green"],
        stable_slot=stage.slots["blue"],
        steps=_steps(steps),
        targets=[TargetSpec(router="envoy", key="search"), *follow],
        kpis=[
            _kpi("Failed searches", "access_log", {**SIDES, "bad_status": 500}),
            _kpi("Slow searches", "access_log", {**SIDES, "bad_status": 0, "slow_ms": SLOW_MS}),
            # Three visitors fail for reasons of their own: requests are not independent, and bare counts not compared.
            _kpi("Failed requests in total", "envoy", {**SIDES, "bad_status": 500}, **ABSOLUTE),
        ],
        watch_seconds=watch,
        actor=release.manager,
    )


def by_flags(stage: Stage, release: Release, *, steps: Sequence[tuple[int, int, int]], watch: int) -> Plan:
    """Its flags carry the percentage; what watches them is the shop as a whole, by an absolute limit."""
    return set_plan(
        release=release,
        environment=stage.place(release.product, "production"),
        steps=_steps(steps),
        targets=[TargetSpec(router="flag", key=key) for key in _flags(release)],
        kpis=[_kpi("Failed requests in the shop", "envoy", EVERYBODY, **ABSOLUTE)],
        watch_seconds=watch,
        actor=release.manager,
    )


def _steps(steps: Sequence[tuple[int, int, int]]) -> list[StepSpec]:
    return [StepSpec(weight=weight, bake_seconds=bake, min_users=users) for weight, bake, users in steps]


def _flags(release: Release) -> list[str]:
    return list(Flag.objects.filter(features__release=release).order_by("key").values_list("key", flat=True))


def _kpi(name: str, source: str, query: dict[str, Any], *, limit: float | None = None, **options: Any) -> KpiSpec:
    silent = {"no_data_seconds": 60, "on_no_data": OnBreach.PAUSE}
    return KpiSpec(name=name, source=source, query=query, limit=limit, options={**silent, **options})
