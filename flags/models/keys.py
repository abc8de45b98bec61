"""Keys with which applications read flags."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.models import Environment
from flags.choices import KeyKind


class FlagKey(models.Model):
    """A key with which an application reads the flags of one environment. Only its SHA-256 is kept."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="flag_keys")
    kind = models.CharField(max_length=8, choices=KeyKind.choices)
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    origins = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="From which sites a browser may use it, as https://shop.example; * for any.",
    )
    rate = models.PositiveIntegerField(
        null=True, blank=True, help_text="Requests a second that one serving process answers; empty: the setting's."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="After a rotation: until when it still opens.")
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    replaces = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="successors")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(rate=None) | models.Q(rate__gte=1), name="flag_key_rate_positive")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def opens_at(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    @staticmethod
    def hash(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    @classmethod
    def issue(cls, *, environment: Environment, kind: KeyKind, name: str, **more: Any) -> tuple[FlagKey, str]:
        """A new key and its text, which nobody can read again."""
        key = f"slf_{kind[0]}_{secrets.token_urlsafe(32)}"
        row = cls.objects.create(
            environment=environment, kind=kind, name=name, prefix=key[:12], digest=cls.hash(key), **more
        )
        return row, key
