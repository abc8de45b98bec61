"""Plans, their executions, what they move and what they measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from core.models import AppendOnly, Environment, Team
from core.weights import FULL
from releases.models import Release, Slot
from rollouts.choices import OnBreach, Role, RolloutState, VerdictKind

if TYPE_CHECKING:
    from core.models import User


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


class RolloutQuerySet(models.QuerySet["Rollout"]):
    def visible_to(self, user: User) -> RolloutQuerySet:
        return self.filter(release__candidates__product__roles__user=user).distinct()

    def live(self) -> RolloutQuerySet:
        return self.filter(state__in=[state for state in RolloutState if state.is_live])


class Rollout(models.Model):
    """One execution of a plan. `pinned` is what it may give to users: seal, build digests, steps; it never changes."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="rollouts")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="rollouts")
    state = models.CharField(max_length=12, choices=RolloutState.choices, default=RolloutState.RUNNING)
    seal = models.CharField(max_length=64)
    pinned = models.JSONField(
        help_text="digests per product, steps, watch_seconds, alpha, candidate digest and version, stable version"
    )
    step = models.IntegerField(default=0, help_text="Index into the pinned steps; -1 before the first.")
    step_since = models.DateTimeField(help_text="When the step's weight was written.")
    baked_since = models.DateTimeField(
        null=True, help_text="When every target was first observed at the step's weight."
    )
    watch_since = models.DateTimeField(null=True, blank=True, help_text="When the rollback window began.")
    desired = models.PositiveIntegerField(default=0, help_text="Parts per 100 000: what the database says.")
    version = models.BigIntegerField(
        default=0, help_text="Grows with every written change; a decision made on an older one is void."
    )
    next_check_at = models.DateTimeField(null=True, db_index=True)
    reasons = models.JSONField(
        default=list, help_text="Slipway's sentences: why it is in this state, or what it waits for. Empty: see `said`."
    )
    cause = models.JSONField(
        default=dict,
        help_text="What ended it early, as data: step, weight, and the KPI with both values and its bound.",
    )
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    restored_at = models.DateTimeField(null=True, blank=True, help_text="When every target was observed at 0 again.")
    superseded_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = RolloutQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(desired__lte=FULL), name="rollout_desired_at_most_full"),
            models.CheckConstraint(
                condition=~models.Q(state=RolloutState.ROLLED_BACK) | models.Q(desired=0), name="rolled_back_means_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"rollout {self.pk} of {self.release}"

    @property
    def is_live(self) -> bool:
        return RolloutState(self.state).is_live

    @property
    def subject(self) -> str:
        """Its name in the audit and among live topics."""
        return f"rollout:{self.pk}"

    @property
    def why(self) -> list[str]:
        """Why it is in this state: Slipway's sentences, or what the person said who brought it there."""
        newest = None if self.reasons else max(self.said.all(), key=lambda one: one.pk, default=None)
        return [str(newest)] if newest else list(self.reasons)


class Reason(models.Model):
    """Why a person paused, rolled back or superseded, in their own words: apart, so that it can be erased. The newest
    counts; rows are only added, so that a rollback never waits for one.
    """

    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, related_name="said")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    salt = models.CharField(max_length=32)
    text = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.person}: {self.text}" if self.text else f"{self.person}, whose words were erased"


class Go(AppendOnly):
    """That somebody of the team in charge pressed go for one step."""

    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, related_name="gos")
    step = models.IntegerField(help_text="Index into the pinned steps.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["step"]
        constraints = [models.UniqueConstraint(fields=["rollout", "step"], name="go_once_per_step")]

    def __str__(self) -> str:
        return f"go for step {self.step} of {self.rollout}"


class Target(models.Model):
    """One thing that one rollout moves. Desired is the truth; observed is what the router answered when asked."""

    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, related_name="targets")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")
    router = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    role = models.CharField(max_length=10, choices=Role.choices)
    live = models.BooleanField(
        default=True, help_text="The rollout counts as live: at most one live rollout per target."
    )
    desired = models.PositiveIntegerField(default=0)
    desired_at = models.DateTimeField()
    observed = models.PositiveIntegerField(null=True)
    observed_at = models.DateTimeField(null=True, help_text="When the router was last heard.")
    confirmed_at = models.DateTimeField(
        null=True, help_text="When observed first equalled desired, since desired changed."
    )
    problem = models.CharField(max_length=300, blank=True)
    turned_off = models.BooleanField(default=False, help_text="A person's kill switch keeps it from everybody.")
    attempts = models.PositiveIntegerField(default=0)
    fence = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "router", "key"],
                condition=models.Q(live=True),
                name="one_live_rollout_per_target",
            ),
            models.UniqueConstraint(fields=["rollout", "router", "key"], name="rollout_target_once"),
            models.CheckConstraint(condition=models.Q(desired__lte=FULL), name="target_desired_at_most_full"),
        ]

    def __str__(self) -> str:
        return f"{self.router} {self.key}"

    @property
    def is_confirmed(self) -> bool:
        """The router says so, and has no reservations."""
        return self.observed == self.desired and not self.problem


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

    def __str__(self) -> str:
        return f"{self.state_id} #{self.fold}"
