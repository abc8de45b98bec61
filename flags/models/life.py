"""The end of a flag's life: where code still mentions it, and who takes it out."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from core.models import Product
from flags.models.flag import Flag


class CodeScan(models.Model):
    """The last look over one repository of a product: CI ran it over a checkout. A later one takes its place."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="code_scans")
    repository = models.CharField(max_length=200)
    commit = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "repository"], name="scan_per_repository")]

    def __str__(self) -> str:
        return f"{self.repository} at {self.commit}"


class CodeReference(models.Model):
    """One place where code mentions a flag's key, whether there is such a flag or not."""

    scan = models.ForeignKey(CodeScan, on_delete=models.CASCADE, related_name="references")
    key = models.CharField(max_length=100, db_index=True)
    file = models.CharField(max_length=400)
    line = models.PositiveIntegerField()

    class Meta:
        ordering = ["file", "line"]
        constraints = [models.UniqueConstraint(fields=["scan", "key", "file", "line"], name="reference_once")]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class CleanUp(models.Model):
    """That somebody is asked to take a flag out of the code, and then out of here."""

    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="clean_ups")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="flag_clean_ups")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["flag"], condition=models.Q(done_at__isnull=True), name="one_open_clean_up_per_flag"
            )
        ]

    def __str__(self) -> str:
        return f"Clean up {self.flag}"
