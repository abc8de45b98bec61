"""How a flag came to be what it is, and what it is going to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

from core.models import AuditEntry, Environment, Kept
from flags.choices import ChangeState
from flags.models.flag import Flag

if TYPE_CHECKING:
    from core.models import User


class FlagVersion(Kept):
    """What a flag was in an environment from this version of the environment's flags on. `entry` says who, when, why.

    `definition` and the `segments` it uses are complete: what it gave can be evaluated again. The entry has their
    digest, so a version that was altered is found out; users whom they name can be forgotten (`flags.forgetting`).
    """

    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="versions")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")
    version = models.BigIntegerField()
    entry = models.ForeignKey(AuditEntry, on_delete=models.PROTECT, related_name="+")
    definition = models.JSONField()
    segments = models.JSONField(default=dict)

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["flag", "environment", "version"], name="flag_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.flag} v{self.version}"


class PlannedChangeQuerySet(models.QuerySet["PlannedChange"]):
    def visible_to(self, user: User) -> PlannedChangeQuerySet:
        return self.filter(flag__product__roles__user=user).distinct()

    def open(self) -> PlannedChangeQuerySet:
        return self.filter(state__in=[state.value for state in ChangeState if state.is_open])


class PlannedChange(models.Model):
    """A change that was not made at once: it waits for a second person, for its time, or for both.

    `changes` are fields of the flag's state as they shall be; `based_on` is the version it was made from: if the flag
    is another by then, it is suspended, not applied. Who asked and why stands in `entry`.
    """

    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="planned")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")
    changes: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    based_on = models.BigIntegerField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    entry = models.ForeignKey(AuditEntry, on_delete=models.PROTECT, related_name="+")
    needs_second = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=ChangeState.choices)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    said = models.CharField(max_length=300, blank=True, help_text="Why it was suspended.")

    objects = PlannedChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(needs_second=True) | models.Q(due_at__isnull=False), name="planned_for_a_reason"
            ),
            models.CheckConstraint(
                condition=~models.Q(decided_by=models.F("asked_by"), state__in=["approved", "applied"])
                | models.Q(needs_second=False),
                name="second_is_another",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(state="approved"), name="planned_due")]

    def __str__(self) -> str:
        return f"{self.flag}: {ChangeState(self.state).label}"
