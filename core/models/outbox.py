"""Messages to people, written in the same transaction as what they tell about; delivered by a worker."""

import uuid

from django.conf import settings
from django.db import models


class OutboxMessage(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages")
    subject_key = models.CharField(max_length=80, db_index=True, help_text="What it is about, as ``kind:id``.")
    kind = models.CharField(max_length=60, help_text="Which template wrote it.")
    dedupe = models.CharField(
        max_length=160, unique=True, help_text="The same fact told to the same person is told once."
    )
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(sent_at=None, failed_at=None),
                name="outbox_due",
            )
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def message_id(self) -> str:
        """The same for every attempt, so that a receiver can recognise a repeated delivery."""
        return f"<{self.id}@slipway>"
