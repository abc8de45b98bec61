"""What a rollout pins at its start: exactly what it may give to users, and how it is judged. It never changes after."""

from typing import Any

from rollouts.models import Kpi, Plan


def pin(plan: Plan) -> dict[str, Any]:
    """Plain JSON: digests per product, candidate and stable with slots, steps, KPIs by id, watch, alpha."""
    release, product = plan.release, plan.environment.product_id
    candidates = {one.product_id: one.build for one in release.candidates.select_related("build")}
    build = candidates.get(product)
    return {
        "digests": {str(pk): one.digest for pk, one in candidates.items() if one},
        "candidate": {
            "version": build.version if build else "",
            "digest": build.digest if build else "",
            "slot": plan.slot.name if plan.slot else "",
        },
        "stable": stable(plan),
        "steps": [
            {
                "weight": step.weight,
                "bake_seconds": step.bake_seconds,
                "min_users": step.min_users,
                "go_team": step.go_team_id,
                "go_team_name": str(step.go_team) if step.go_team else "",
            }
            for step in plan.steps.select_related("go_team")
        ],
        "watch_seconds": plan.watch_seconds,
        "alpha": plan.alpha_ppm / 1_000_000,
        "kpis": {str(kpi.pk): kpi_definition(kpi) for kpi in plan.kpis.all()},
    }


def stable(plan: Plan) -> dict[str, str]:
    """What runs where users are now, by the newest deployment there."""
    slot = plan.stable_slot
    newest = slot.deployments.select_related("build").first() if slot else None
    return {
        "version": newest.build.version if newest else "",
        "digest": newest.build.digest if newest else "",
        "slot": slot.name if slot else "",
    }


def kpi_definition(kpi: Kpi) -> dict[str, Any]:
    """Everything of a KPI that decides a verdict or what follows from it."""
    fields = (
        *("name", "source", "query", "unit", "less_is_bad", "compare", "tolerance_ppm", "limit"),
        *("breach_seconds", "on_breach", "warm_up_seconds", "no_data_seconds", "on_no_data"),
    )
    return {field: getattr(kpi, field) for field in fields}
