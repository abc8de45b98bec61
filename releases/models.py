"""What ships: releases, their features and candidates; what was built, and what runs where."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from core.models import AppendOnly, Environment, Product
from flags.models import Flag
from releases.choices import CheckKind, CheckStatus, LinkKind, ReleaseKind, ReleaseStatus

if TYPE_CHECKING:
    from core.models import User


class Build(AppendOnly):
    """An immutable artefact, registered by CI."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="builds")
    version = models.CharField(max_length=60)
    commit = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=100)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    registered_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-registered_at"]
        constraints = [
            models.UniqueConstraint(fields=["product", "digest"], name="build_digest_per_product"),
            models.UniqueConstraint(fields=["product", "version"], name="build_version_per_product"),
        ]

    def __str__(self) -> str:
        return self.version


class Check(AppendOnly):
    """One named result that CI reported for a build. The newest of a kind counts."""

    build = models.ForeignKey(Build, on_delete=models.PROTECT, related_name="checks")
    kind = models.CharField(max_length=20, choices=CheckKind.choices)
    status = models.CharField(max_length=8, choices=CheckStatus.choices)
    summary = models.CharField(max_length=200, blank=True)
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-reported_at", "-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.status}"


class Slot(models.Model):
    """A place in an environment where a build runs: blue, green. `version_url` is asked what really runs there."""

    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="slots")
    name = models.SlugField(max_length=40)
    version_url = models.URLField(blank=True)
    observed_digest = models.CharField(max_length=100, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)
    observed_problem = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["environment", "name"], name="slot_name_per_environment")]

    def __str__(self) -> str:
        return f"{self.environment} {self.name}"


class Deployment(AppendOnly):
    """That a build was put into an environment (and slot). The newest of a slot is what should run there."""

    build = models.ForeignKey(Build, on_delete=models.PROTECT, related_name="deployments")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="deployments")
    slot = models.ForeignKey(Slot, null=True, blank=True, on_delete=models.PROTECT, related_name="deployments")
    deployed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    deployed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-deployed_at", "-id"]

    def __str__(self) -> str:
        return f"{self.build} in {self.slot or self.environment}"


class ReleaseQuerySet(models.QuerySet["Release"]):
    def visible_to(self, user: User) -> ReleaseQuerySet:
        """Releases over a product in which `user` has a role."""
        return self.filter(candidates__product__roles__user=user).distinct()

    def unfinished(self) -> ReleaseQuerySet:
        return self.exclude(status__in=[status for status in ReleaseStatus if status.is_finished])


class Release(models.Model):
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="releases", help_text="Whose policy and calendar govern."
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=ReleaseKind.choices, default=ReleaseKind.GROUPED)
    status = models.CharField(max_length=12, choices=ReleaseStatus.choices, default=ReleaseStatus.DRAFT)
    summary = models.TextField(blank=True, help_text="What customers will notice.")
    way_back = models.TextField(blank=True, help_text="How we get back, and what happens to data.")
    seed = models.UUIDField(default=uuid.uuid4, editable=False)
    manager = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["product", "name"], name="release_name_per_product")]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> str:
        """Its name in the audit, in claims and in messages."""
        return f"release:{self.pk}"

    @property
    def streams(self) -> list[str]:
        """The records on which what its gates say stands: its own, and those of every product it takes part in."""
        products = {self.product_id, *(one.product_id for one in self.candidates.all())}
        return [self.subject, *(f"product:{pk}" for pk in sorted(products))]

    @property
    def is_changeable(self) -> bool:
        """Whether its scope and candidate may change: not under a live rollout, and not once it is over."""
        status = ReleaseStatus(self.status)
        return not status.is_finished and status not in {ReleaseStatus.ROLLOUT, ReleaseStatus.WATCH}


class Candidate(models.Model):
    """That a release covers a product, and with which build."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="candidates")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="candidates")
    build = models.ForeignKey(Build, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["release", "product"], name="one_candidate_per_product")]

    def __str__(self) -> str:
        return f"{self.product}: {self.build or 'none yet'}"


class Feature(models.Model):
    """One thing a user will notice."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="features")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    flags = models.ManyToManyField(Flag, related_name="features", blank=True)
    no_flag_reason = models.CharField(max_length=200, blank=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["release", "name"], name="feature_name_per_release")]

    def __str__(self) -> str:
        return self.name


class FeatureLink(models.Model):
    """That one feature depends on another of the same release."""

    feature = models.ForeignKey(Feature, on_delete=models.CASCADE, related_name="links")
    other = models.ForeignKey(Feature, on_delete=models.CASCADE, related_name="linked_from")
    kind = models.CharField(max_length=10, choices=LinkKind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["feature", "other", "kind"], name="feature_link_once"),
            models.CheckConstraint(condition=~models.Q(feature=models.F("other")), name="feature_not_linked_to_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.feature} {self.get_kind_display()} {self.other}"


class Freeze(models.Model):
    """A time in which nothing grows in an environment."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="freezes")
    reason = models.CharField(max_length=200)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="freeze_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return self.reason
