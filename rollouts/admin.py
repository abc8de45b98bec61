"""Engineers' view of this room. Plans are signed and rollouts are facts: both are only looked at here. A plan changes
through `rollouts.actions.set_plan`, before a rollout.
"""

from typing import Any

from django.contrib import admin

from core.admin import FactAdmin
from core.weights import as_percent
from rollouts.models import Go, Kpi, KpiState, Measurement, Plan, PlanTarget, Reason, Rollout, Step, Target


@admin.register(Plan)
class PlanAdmin(FactAdmin):
    list_display = ("release", "environment", "slot", "stable_slot", "watch_seconds", "alpha_ppm")
    list_filter = ("environment",)
    search_fields = ("release__name",)
    list_select_related = ("release", "environment__product", "slot__environment", "stable_slot__environment")


@admin.register(Step)
class StepAdmin(FactAdmin):
    list_display = ("plan", "order", "weight_as_percent", "bake_seconds", "min_users", "go_team")
    list_filter = ("go_team",)
    search_fields = ("plan__release__name",)
    list_select_related = ("plan__release", "go_team")

    @admin.display(description="weight", ordering="weight")
    def weight_as_percent(self, step: Any) -> str:
        return as_percent(step.weight)


@admin.register(PlanTarget)
class PlanTargetAdmin(FactAdmin):
    list_display = ("plan", "router", "key", "role", "order")
    list_filter = ("router", "role")
    search_fields = ("plan__release__name", "key")
    list_select_related = ("plan__release",)


@admin.register(Kpi)
class KpiAdmin(FactAdmin):
    list_display = ("name", "plan", "source", "compare", "limit", "on_breach", "on_no_data", "no_data_seconds")
    list_filter = ("source", "on_breach", "on_no_data")
    search_fields = ("name", "plan__release__name")
    list_select_related = ("plan__release",)


@admin.register(Rollout)
class RolloutAdmin(FactAdmin):
    list_display = (
        "id",
        "release",
        "environment",
        "state",
        "step",
        "exposure",
        "started_at",
        "ended_at",
        "restored_at",
    )
    list_filter = ("state", "environment")
    search_fields = ("release__name",)
    list_select_related = ("release", "environment__product")
    date_hierarchy = "started_at"

    @admin.display(description="exposure", ordering="desired")
    def exposure(self, rollout: Any) -> str:
        return as_percent(rollout.desired)


@admin.register(Target)
class TargetAdmin(FactAdmin):
    list_display = (
        "rollout",
        "router",
        "key",
        "role",
        "live",
        "desired",
        "observed",
        "observed_at",
        "problem",
        "fence",
    )
    list_filter = ("live", "router", "role")
    search_fields = ("key", "rollout__release__name")
    list_select_related = ("rollout__release",)


@admin.register(KpiState)
class KpiStateAdmin(FactAdmin):
    list_display = ("rollout", "kpi", "verdict", "since", "folds", "folded_at", "problem")
    list_filter = ("verdict",)
    search_fields = ("kpi__name", "rollout__release__name")
    list_select_related = ("rollout__release", "kpi")


@admin.register(Measurement)
class MeasurementAdmin(FactAdmin):
    list_display = (
        "state",
        "fold",
        "at",
        "step",
        "canary",
        "stable",
        "canary_n",
        "stable_n",
        "e_value",
        "bound",
        "verdict",
    )
    list_filter = ("verdict", "at")
    search_fields = ("state__kpi__name",)
    list_select_related = ("state__kpi",)


@admin.register(Go)
class GoAdmin(FactAdmin):
    list_display = ("rollout", "step", "by", "at")
    list_filter = ("at",)
    search_fields = ("rollout__release__name", "by__email")
    list_select_related = ("rollout__release", "by")


@admin.register(Reason)
class ReasonAdmin(FactAdmin):
    list_display = ("rollout", "person", "text")
    search_fields = ("rollout__release__name", "person__name")
    list_select_related = ("rollout__release", "person")
