"""Plans, their executions, what they move and what they measure."""

from rollouts.models.plans import Kpi, Plan, PlanTarget, Step
from rollouts.models.readings import KpiState, Measurement
from rollouts.models.runs import Go, Reason, Rollout, RolloutQuerySet, Target

__all__ = [
    "Go",
    "Kpi",
    "KpiState",
    "Measurement",
    "Plan",
    "PlanTarget",
    "Reason",
    "Rollout",
    "RolloutQuerySet",
    "Step",
    "Target",
]
