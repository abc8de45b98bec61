"""The record that only grows. Entries hold ids and salted hashes; free text sits in `AuditText`, and can be erased."""

from django.conf import settings
from django.db import models

from core.models.base import AppendOnly


class AuditStream(models.Model):
    """One chain of entries, for instance ``release:7``, with its head: the row whose lock orders the writers."""

    key = models.CharField(max_length=80, primary_key=True)
    seq = models.BigIntegerField(default=0)
    head = models.CharField(max_length=64, default="0" * 64, help_text="SHA-256 of the last entry, hexadecimal.")

    def __str__(self) -> str:
        return self.key


class AuditEntry(AppendOnly):
    stream = models.ForeignKey(AuditStream, on_delete=models.PROTECT, related_name="entries")
    seq = models.BigIntegerField()
    at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    action = models.CharField(max_length=60, db_index=True)
    subject = models.CharField(max_length=80, db_index=True, help_text="What it happened to, as ``kind:id``.")
    data = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-at", "-seq"]
        constraints = [models.UniqueConstraint(fields=["stream", "seq"], name="audit_seq_per_stream")]

    def __str__(self) -> str:
        return f"{self.stream_id} #{self.seq} {self.action}"


class AuditText(models.Model):
    """A free text of an entry, kept apart so that it can be erased: the entry holds its salted SHA-256."""

    entry = models.ForeignKey(AuditEntry, on_delete=models.PROTECT, related_name="texts", db_constraint=False)
    field = models.CharField(max_length=40)
    salt = models.CharField(max_length=32)
    text = models.TextField(blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "field"], name="audit_text_once")]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.field}"


class AuditAnchor(AppendOnly):
    """The heads that had moved by one moment, signed (Ed25519) with a key that the database never sees."""

    at = models.DateTimeField(db_index=True)
    heads = models.JSONField(help_text="Streams that moved since the anchor before: key → [seq, head]")
    signature = models.TextField()
    key_id = models.CharField(max_length=64)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"
