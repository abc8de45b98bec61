"""Who must agree, who did, and to exactly what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from approvals.choices import Verdict
from core.models import AppendOnly, Product, Team
from releases.models import Release

if TYPE_CHECKING:
    from core.models import User


class PolicyQuerySet(models.QuerySet["Policy"]):
    def of(self, release: Release) -> Policy | None:
        """The policy a release was submitted under, before that the newest of its product."""
        asked = self.filter(stages__requests__release=release).first()
        return asked or self.filter(product=release.product_id).order_by("-version").first()


class Policy(models.Model):
    """The stages that a product requires. A new version is a new row; a release keeps that of its submission."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="policies")
    version = models.PositiveIntegerField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "policies"
        ordering = ["product", "-version"]
        constraints = [models.UniqueConstraint(fields=["product", "version"], name="policy_version_per_product")]

    def __str__(self) -> str:
        return f"{self.product} policy {self.version}"


class Stage(models.Model):
    """One signature block of a policy. Stages of equal order are asked together, later ones after."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="stages")
    name = models.CharField(max_length=60)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="stages")
    order = models.PositiveSmallIntegerField(default=0)
    quorum = models.PositiveSmallIntegerField(default=1)
    due_hours = models.PositiveIntegerField(default=48)
    covers = models.JSONField(
        default=list, blank=True, help_text="Names of the seal's parts this stage owns; empty: all of them."
    )

    class Meta:
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "name"], name="stage_name_per_policy"),
            models.CheckConstraint(condition=models.Q(quorum__gte=1), name="stage_quorum_at_least_one"),
        ]

    def __str__(self) -> str:
        return self.name


class Seal(AppendOnly):
    """Exactly what was shown and signed. `digest` seals what matters; one row per release and distinct content, so that
    a typo corrected later (same digest) does not change what somebody once read.
    """

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="seals")
    digest = models.CharField(max_length=64)
    content_digest = models.CharField(max_length=64, help_text="SHA-256 of all of `parts`, cosmetic words included.")
    parts = models.JSONField(help_text='part name → {"title", "digest", "content"}')
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["release", "content_digest"], name="seal_once_per_release")]

    def __str__(self) -> str:
        return self.digest[:12]


class SignoffRequestQuerySet(models.QuerySet["SignoffRequest"]):
    def visible_to(self, user: User) -> SignoffRequestQuerySet:
        return self.filter(release__candidates__product__roles__user=user).distinct()


class SignoffRequest(models.Model):
    """That a stage was asked to sign a release."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="signoff_requests")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="requests")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    seal = models.ForeignKey(
        Seal, null=True, on_delete=models.PROTECT, related_name="+", help_text="What it was when last asked."
    )
    asked_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()

    objects = SignoffRequestQuerySet.as_manager()

    class Meta:
        ordering = ["stage__order", "id"]
        constraints = [models.UniqueConstraint(fields=["release", "stage"], name="signoff_asked_once")]

    def __str__(self) -> str:
        return f"{self.stage} of {self.release}"


class Decision(AppendOnly):
    """One person's signed yes or no to one stage. The newest of a person and stage counts, while its parts stand."""

    request = models.ForeignKey(SignoffRequest, on_delete=models.PROTECT, related_name="decisions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="decisions")
    reason_hash = models.CharField(max_length=64, blank=True)
    instead_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who handed their part to this person.",
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.person} {self.get_verdict_display()}"


class DecisionReason(models.Model):
    """The reason or condition in the person's own words, apart from the decision so that it can be erased."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="reason")
    salt = models.CharField(max_length=32)
    text = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.text[:60]
