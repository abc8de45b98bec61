"""One execution of a plan, what it moves, and what people said and pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from core.models import AppendOnly, Environment
from core.weights import FULL
from releases.models import Release
from rollouts.choices import Role, RolloutState

if TYPE_CHECKING:
    from core.models import User


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
