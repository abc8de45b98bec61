"""What a team confirms before a release may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from core.models import AppendOnly, Team
from releases.choices import CheckKind
from releases.models import Release

if TYPE_CHECKING:
    from core.models import User


class ChecklistItemQuerySet(models.QuerySet["ChecklistItem"]):
    def visible_to(self, user: User) -> ChecklistItemQuerySet:
        return self.filter(release__candidates__product__roles__user=user).distinct()


class ChecklistItem(models.Model):
    """Something that a team confirms before a release may go; with `check_kind` it ticks itself from CI's check."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="checklist")
    text = models.CharField(max_length=200)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    check_kind = models.CharField(max_length=20, choices=CheckKind.choices, blank=True)
    order = models.PositiveSmallIntegerField(default=0)

    objects = ChecklistItemQuerySet.as_manager()

    class Meta:
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["release", "text"], name="checklist_text_per_release")]

    def __str__(self) -> str:
        return self.text


class TickQuerySet(models.QuerySet["Tick"]):
    def newest(self) -> TickQuerySet:
        """The one that counts of each item, with its person and evidence at hand."""
        return self.order_by("item_id", "-at", "-id").distinct("item_id").select_related("person", "evidence")


class Tick(AppendOnly):
    """That a person ticked an item, or took the tick back. The newest counts."""

    item = models.ForeignKey(ChecklistItem, on_delete=models.PROTECT, related_name="ticks")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    done = models.BooleanField()
    evidence_hash = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(db_default=Now())

    objects = TickQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.item}: {'done' if self.done else 'not done'}"


class TickEvidence(models.Model):
    """Where to see it, an address or a sentence; apart from the tick so that it can be erased."""

    tick = models.OneToOneField(Tick, on_delete=models.PROTECT, related_name="evidence")
    salt = models.CharField(max_length=32)
    text = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "tick evidence"

    def __str__(self) -> str:
        return self.text[:60]
