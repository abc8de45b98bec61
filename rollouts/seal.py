"""What this room contributes to what is signed: how it goes out, and what would stop it. Never how far it got."""

from typing import Any

from core.weights import as_percent
from releases.models import Release
from releases.seal import Part
from rollouts.choices import OnBreach, Role
from rollouts.models import Kpi, Plan, Step


def plan(release: Release) -> Part:
    """The rollout plan in words and numbers; empty while there is none."""
    found = Plan.objects.filter(release=release).select_related("environment__product", "slot", "stable_slot").first()
    return Part(name="plan", title="Rollout plan", content=_content(found) if found else {})


def _content(plan: Plan) -> dict[str, Any]:
    return {
        "environment": str(plan.environment),
        "from": str(plan.stable_slot or ""),
        "to": str(plan.slot or ""),
        "steps": [_step(step) for step in plan.steps.select_related("go_team")],
        "moves": [f"{target.router} {target.key} {Role(target.role).label}" for target in plan.targets.all()],
        "watched by": [_kpi(kpi) for kpi in plan.kpis.all()],
        "chance of a false alarm": f"{plan.alpha_ppm / 10_000:g} %",
        "rollback window": _duration(plan.watch_seconds),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "exposure": as_percent(step.weight).replace("\u00a0", " "),
        "bakes for": _duration(step.bake_seconds),
        "at least": f"{step.min_users} users",
        "go by": str(step.go_team or ""),
    }


def _kpi(kpi: Kpi) -> dict[str, Any]:
    worse = "less" if kpi.less_is_bad else "more"
    compared = f"not {worse} than {kpi.tolerance_ppm / 10_000:g} % worse than the old version"
    limit = None if kpi.limit is None else f"{'below' if kpi.less_is_bad else 'above'} {kpi.limit * 100:g} %"
    return {
        "name": kpi.name,
        "source": kpi.source,
        "asks": kpi.query,
        "compared": compared if kpi.compare else "",
        "limit": f"{limit} for {_duration(kpi.breach_seconds)}" if limit else "",
        "leaves out": f"the first {_duration(kpi.warm_up_seconds)}" if kpi.warm_up_seconds else "",
        "if breached": OnBreach(kpi.on_breach).label,
        "if silent": f"{OnBreach(kpi.on_no_data).label} after {_duration(kpi.no_data_seconds)}",
    }


def _duration(seconds: int) -> str:
    """Exact, in the largest units that fit: ``1 h 30 min``."""
    units = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    parts = []
    for size, name in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts) or "0 s"
