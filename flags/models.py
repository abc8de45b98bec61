"""Flags: named decisions evaluated per user. They know no release: who moves one for good reasons holds its claim."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

from core.models import Environment, Product
from core.weights import FULL
from flags.choices import Carrier, FlagKind, KeyKind

if TYPE_CHECKING:
    from core.models import User


class FlagQuerySet(models.QuerySet["Flag"]):
    def visible_to(self, user: User) -> FlagQuerySet:
        return self.filter(product__roles__user=user).distinct()


class Flag(models.Model):
    """Boolean for now: its variants are ``on`` (true) and ``off`` (false)."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="flags")
    key = models.SlugField(max_length=100)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=12, choices=FlagKind.choices, default=FlagKind.RELEASE)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    seed = models.CharField(
        max_length=64, default=uuid.uuid4, help_text="Bucketing seed; flags of one grouped release share it."
    )
    for_clients = models.BooleanField(default=False, help_text="May be read with a client key.")
    claim = models.CharField(
        max_length=80,
        blank=True,
        db_index=True,
        help_text="Who alone may let it grow, as ``release:7``; empty: anybody with the right.",
    )
    claim_label = models.CharField(max_length=120, blank=True)
    expected_removal = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = FlagQuerySet.as_manager()

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["product", "key"], name="flag_key_per_product")]

    def __str__(self) -> str:
        return self.key

    def get_absolute_url(self) -> str:
        return reverse("flag", args=[self.product.slug, self.key])


class FlagState(models.Model):
    """One flag in one environment. `enabled` is the kill switch; `weight` and `build` say who has it while enabled."""

    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="states")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="flag_states")
    enabled = models.BooleanField(default=True)
    carrier = models.CharField(max_length=12, choices=Carrier.choices, default=Carrier.PERCENTAGE)
    weight = models.PositiveIntegerField(default=0, help_text="Parts per 100 000 of the users.")
    build = models.CharField(
        max_length=100, blank=True, help_text="Digest of the build whose users have it (carrier: build)."
    )
    fence = models.BigIntegerField(default=0, help_text="The highest fencing number that has written here.")
    version = models.BigIntegerField(default=0, help_text="The environment's flag-set version that brought this state.")
    changed_at = models.DateTimeField(db_default=Now(), help_text="When it last changed, by PostgreSQL's clock.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["flag", "environment"], name="flag_state_once"),
            models.CheckConstraint(condition=models.Q(weight__lte=FULL), name="flag_weight_at_most_full"),
        ]

    def __str__(self) -> str:
        return f"{self.flag} in {self.environment}"


class FlagSet(models.Model):
    """All flags of one environment as one versioned thing. The version grows with every change, in its transaction."""

    environment = models.OneToOneField(Environment, on_delete=models.CASCADE, primary_key=True, related_name="flag_set")
    version = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.environment} v{self.version}"


class FlagKey(models.Model):
    """A key with which an application reads the flags of one environment. Only its SHA-256 is kept."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="flag_keys")
    kind = models.CharField(max_length=8, choices=KeyKind.choices)
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def hash(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    @classmethod
    def issue(cls, *, environment: Environment, kind: KeyKind, name: str) -> tuple[FlagKey, str]:
        """A new key and its text, which nobody can read again."""
        key = f"slf_{kind[0]}_{secrets.token_urlsafe(32)}"
        row = cls.objects.create(environment=environment, kind=kind, name=name, prefix=key[:12], digest=cls.hash(key))
        return row, key


class ServingProcess(models.Model):
    """That a serving process lately held a snapshot version of an environment: the evidence of an observed weight."""

    process = models.CharField(max_length=80)
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="serving")
    version = models.BigIntegerField()
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "serving processes"
        constraints = [models.UniqueConstraint(fields=["process", "environment"], name="serving_once")]

    def __str__(self) -> str:
        return f"{self.process} holds v{self.version}"
