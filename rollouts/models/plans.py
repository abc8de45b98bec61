"""How a release goes out: steps, what is moved, what is watched. Signed with it."""

from django.db import models

from core.models import Environment, Team
from core.weights import FULL
from releases.models import Release, Slot
from rollouts.choices import OnBreach, Role


class Plan(models.Model):
    """How a release's weight grows in one environment, over which targets, judged by which KPIs."""

    release = models.OneToOneField(Release, on_delete=models.CASCADE, related_name="plan")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")
    slot = models.ForeignKey(
        Slot,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Where the candidate runs, if a route carries it.",
    )
    stable_slot = models.ForeignKey(Slot, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    watch_seconds = models.PositiveIntegerField(default=3600, help_text="Length of the rollback window after 100 %.")
    alpha_ppm = models.PositiveIntegerField(
        default=50_000,
        help_text="Chance of rolling a healthy release back on comparison, parts per million, split over its KPIs.",
    )

    def __str__(self) -> str:
        return f"plan of {self.release}"


class Step(models.Model):
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="steps")
    order = models.PositiveSmallIntegerField()
    weight = models.PositiveIntegerField(help_text="Parts per 100 000.")
    bake_seconds = models.PositiveIntegerField()
    min_users = models.PositiveIntegerField(default=0, help_text="Canary users that must have been seen in this step.")
    go_team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Which team must press go before this step.",
    )

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "order"], name="step_order_per_plan"),
            models.CheckConstraint(condition=models.Q(weight__gt=0, weight__lte=FULL), name="step_weight_in_range"),
        ]

    def __str__(self) -> str:
        return f"step {self.order}"


class PlanTarget(models.Model):
    """What the plan will move: a route or a flag, through the router of that alias."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="targets")
    router = models.CharField(max_length=40)
    key = models.CharField(max_length=120, help_text="The route's or flag's name at that router.")
    role = models.CharField(max_length=10, choices=Role.choices)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["plan", "router", "key"], name="plan_target_once")]

    def __str__(self) -> str:
        return f"{self.router} {self.key}"


class Kpi(models.Model):
    """A number that says whether users are all right."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="kpis")
    name = models.CharField(max_length=80)
    source = models.CharField(max_length=40, help_text="Alias of a metric source.")
    query = models.JSONField(default=dict, help_text="What the source is asked; its adapter documents the fields.")
    unit = models.CharField(max_length=20, default="%")
    less_is_bad = models.BooleanField(default=False)
    compare = models.BooleanField(default=True, help_text="Judge the canary against stable.")
    tolerance_ppm = models.PositiveIntegerField(
        default=0, help_text="How much worse than stable is still tolerated (δ), parts per million."
    )
    limit = models.FloatField(
        null=True, blank=True, help_text="Absolute threshold of the canary's value: a share between 0 and 1."
    )
    breach_seconds = models.PositiveIntegerField(default=30)
    on_breach = models.CharField(max_length=10, choices=OnBreach.choices, default=OnBreach.ROLL_BACK)
    warm_up_seconds = models.PositiveIntegerField(
        default=0, help_text="How long after its start or a deployment the canary's cold caches are left out."
    )
    no_data_seconds = models.PositiveIntegerField(default=600)
    on_no_data = models.CharField(max_length=10, choices=OnBreach.choices, default=OnBreach.PAUSE)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["plan", "name"], name="kpi_name_per_plan")]

    def __str__(self) -> str:
        return self.name
