"""What was measured, and what the judge made of it."""

from django.db import models

from core.models import AppendOnly
from rollouts.choices import VerdictKind
from rollouts.models.plans import Kpi
from rollouts.models.runs import Rollout


class KpiState(models.Model):
    """How one KPI of one rollout stands: the cursor up to which data was counted, and the evidence folded so far."""

    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, related_name="kpi_states")
    kpi = models.ForeignKey(Kpi, on_delete=models.PROTECT, related_name="states")
    cursor = models.TextField(blank=True)
    folds = models.BigIntegerField(default=0, help_text="How many readings were folded: the compare-and-set counter.")
    evidence = models.JSONField(default=dict, help_text="The judge's state; see rollouts/judge.")
    newest_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=12, choices=VerdictKind.choices, default=VerdictKind.NO_DATA)
    reason = models.CharField(max_length=300, blank=True)
    numbers = models.JSONField(
        default=dict, help_text="What the verdict rests on: canary, stable, e_value, bound, users, under which weight."
    )
    folded_at = models.DateTimeField(null=True, help_text="When the judge last spoke.")
    since = models.DateTimeField(null=True, help_text="Since when the verdict is this one.")
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["kpi__order"]
        constraints = [models.UniqueConstraint(fields=["rollout", "kpi"], name="kpi_state_once")]

    def __str__(self) -> str:
        return f"{self.kpi}: {self.verdict}"


class Measurement(AppendOnly):
    """One folded reading: canary beside stable. `fold` makes counting it twice impossible."""

    state = models.ForeignKey(KpiState, on_delete=models.PROTECT, related_name="measurements")
    fold = models.BigIntegerField()
    at = models.DateTimeField()
    step = models.IntegerField()
    canary = models.FloatField(null=True)
    stable = models.FloatField(null=True)
    canary_n = models.IntegerField(default=0)
    stable_n = models.IntegerField(default=0)
    e_value = models.FloatField(null=True)
    bound = models.FloatField(null=True)
    verdict = models.CharField(max_length=12, choices=VerdictKind.choices)

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["state", "fold"], name="fold_once")]
        indexes = [
            models.Index(fields=["state", "at"], name="measurement_by_time"),
            models.Index(fields=["state", "step", "at"], name="measurement_by_step"),
        ]

    def __str__(self) -> str:
        return f"{self.state_id} #{self.fold}"
