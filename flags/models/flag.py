"""Flags: named decisions evaluated per user. They know no release: who moves one for good reasons holds its claim."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

from core.models import Environment, Product
from core.weights import FULL
from flags.choices import Carrier, FlagKind, ValueType
from flags.evaluation import default_targeting

if TYPE_CHECKING:
    from core.models import User


class FlagQuerySet(models.QuerySet["Flag"]):
    def visible_to(self, user: User) -> FlagQuerySet:
        return self.filter(product__roles__user=user).distinct()

    def in_use(self) -> FlagQuerySet:
        return self.filter(archived_at=None)


def boolean_variants() -> list[dict[str, Any]]:
    return [{"name": "on", "value": True}, {"name": "off", "value": False}]


def boolean_targeting() -> dict[str, Any]:
    return dict(default_targeting(("on", "off")))


def new_seed() -> str:
    return str(uuid.uuid4())


class Flag(models.Model):
    """What a flag is everywhere: its values, and what people say about it. Who gets which value: `FlagState`."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="flags")
    key = models.SlugField(max_length=100)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=12, choices=FlagKind.choices, default=FlagKind.RELEASE)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    type = models.CharField(max_length=8, choices=ValueType.choices, default=ValueType.BOOLEAN)
    variants = models.JSONField(default=boolean_variants, help_text="In order: name and value of each.")
    seed = models.CharField(
        max_length=64, default=new_seed, help_text="Decides who has it first; flags of one grouped release share it."
    )
    salt = models.CharField(
        max_length=64, default=new_seed, help_text="Decides who gets which of weighted variants; its own for ever."
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
    edition = models.PositiveIntegerField(default=1, help_text="Grows with each change of what stands here.")
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

    @property
    def variant_names(self) -> list[str]:
        return [variant["name"] for variant in self.variants]


class FlagState(models.Model):
    """One flag in one environment. `enabled` is the kill switch; `weight` and `build` say who has it while enabled;
    `targeting` holds pins, needs and rules, and what whoever has it gets.

    `withheld`: in a release, nobody has it before the rollout begins, nor after it was taken back; pins and rules wait.
    """

    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="states")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="flag_states")
    enabled = models.BooleanField(default=True)
    withheld = models.BooleanField(default=False)
    carrier = models.CharField(max_length=12, choices=Carrier.choices, default=Carrier.PERCENTAGE)
    weight = models.PositiveIntegerField(default=0, help_text="Parts per 100 000 of the users.")
    already_given = models.BooleanField(default=False, help_text="Somebody had it when a release claimed it.")
    build = models.CharField(
        max_length=100, blank=True, help_text="Digest of the build whose users have it (carrier: build)."
    )
    targeting = models.JSONField(default=boolean_targeting)
    fence = models.BigIntegerField(default=0, help_text="The highest fencing number that has written here.")
    version = models.BigIntegerField(default=0, help_text="The environment's flag-set version that brought this state.")
    changed_at = models.DateTimeField(db_default=Now(), help_text="When it last changed, by PostgreSQL's clock.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["flag", "environment"], name="flag_state_once"),
            models.CheckConstraint(condition=models.Q(weight__lte=FULL), name="flag_weight_at_most_full"),
            models.CheckConstraint(condition=models.Q(withheld=False) | models.Q(weight=0), name="withheld_is_nobody"),
        ]

    def __str__(self) -> str:
        return f"{self.flag} in {self.environment}"


class FlagSet(models.Model):
    """All flags of one environment as one versioned thing. The version grows with every change, in its transaction."""

    environment = models.OneToOneField(Environment, on_delete=models.CASCADE, primary_key=True, related_name="flag_set")
    version = models.BigIntegerField(default=0)
    second_person = models.BooleanField(
        default=False, help_text="Changes outside of a rollout wait until somebody else agrees; less never waits."
    )

    def __str__(self) -> str:
        return f"{self.environment} v{self.version}"


class SegmentQuerySet(models.QuerySet["Segment"]):
    def visible_to(self, user: User) -> SegmentQuerySet:
        return self.filter(product__roles__user=user).distinct()


class Segment(models.Model):
    """Users who have something in common, named once and used by the rules of many flags of a product."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="segments")
    key = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    condition = models.JSONField()
    edition = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["product", "key"], name="segment_key_per_product")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("segment", args=[self.product.slug, self.key])
