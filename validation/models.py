"""What business testers execute on staging, and what came out of it on which build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from core.models import AppendOnly, Environment
from releases.models import Build, Feature, Release
from validation.choices import FindingVerb, ResultStatus, Severity

if TYPE_CHECKING:
    from core.models import User


class ScenarioQuerySet(models.QuerySet["Scenario"]):
    def visible_to(self, user: User) -> ScenarioQuerySet:
        return self.filter(release__candidates__product__roles__user=user).distinct()


class Scenario(models.Model):
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="scenarios")
    feature = models.ForeignKey(Feature, null=True, blank=True, on_delete=models.SET_NULL, related_name="scenarios")
    title = models.CharField(max_length=160)
    steps = models.JSONField(default=list, help_text='A list of {"do": …, "expect": …}.')
    order = models.PositiveSmallIntegerField(default=0)

    objects = ScenarioQuerySet.as_manager()

    class Meta:
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["release", "title"], name="scenario_title_per_release")]

    def __str__(self) -> str:
        return self.title


class Run(models.Model):
    """One sitting of one tester: on one build, in one environment."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="runs")
    build = models.ForeignKey(Build, on_delete=models.PROTECT, related_name="runs")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")
    tester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "build", "tester"],
                condition=models.Q(finished_at=None),
                name="one_open_run_per_tester",
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk} on {self.build}"


class Result(AppendOnly):
    """What came out of one scenario in one run. The newest per tester counts; a tester who errs submits again."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="results")
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="results")
    status = models.CharField(max_length=8, choices=ResultStatus.choices)
    note_hash = models.CharField(
        max_length=64, blank=True, help_text="Salted SHA-256 of the note, which can be erased."
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.scenario}: {self.status}"


class ResultNote(models.Model):
    """The tester's free text, apart from the result so that it can be erased."""

    result = models.OneToOneField(Result, on_delete=models.PROTECT, related_name="note")
    salt = models.CharField(max_length=32)
    text = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.text[:60]


class Finding(models.Model):
    """A defect that a tester found. Where it stands is its newest event."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="findings")
    scenario = models.ForeignKey(Scenario, null=True, on_delete=models.PROTECT, related_name="findings")
    build = models.ForeignKey(Build, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=160)
    severity = models.CharField(max_length=10, choices=Severity.choices)

    def __str__(self) -> str:
        return self.title


class FindingEvent(AppendOnly):
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="events")
    verb = models.CharField(max_length=10, choices=FindingVerb.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.finding} {self.verb}"
