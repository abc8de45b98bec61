"""What business testers execute on staging, and what came out of it on which build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from core.models import AppendOnly, Environment
from releases.models import Build, Feature, Release
from validation.choices import FindingVerb, ResultStatus, Severity

if TYPE_CHECKING:
    from core.models import User


HASH_HELP = "Salted SHA-256 of the note, which can be erased."


class ScenarioQuerySet(models.QuerySet["Scenario"]):
    def visible_to(self, user: User) -> ScenarioQuerySet:
        return self.filter(release__candidates__product__roles__user=user).distinct()

    def current(self) -> ScenarioQuerySet:
        """Those that are still to be tried: without the retired ones."""
        return self.filter(retired_at=None)


class Scenario(models.Model):
    """What a tester tries. `version` counts its wordings: a result on an earlier one does not count any more."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="scenarios")
    feature = models.ForeignKey(Feature, null=True, blank=True, on_delete=models.SET_NULL, related_name="scenarios")
    title = models.CharField(max_length=160)
    story = models.CharField(max_length=240, blank=True, help_text="Who one is here, and what one wants.")
    steps = models.JSONField(default=list, blank=True, help_text='A list of {"do": …, "expect": …}.')
    minutes = models.PositiveSmallIntegerField(null=True, blank=True, help_text="About how long it takes.")
    tester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who is to try it; every tester, if nobody is named.",
    )
    order = models.PositiveSmallIntegerField(default=1, help_text="Its number in the release.")
    version = models.PositiveSmallIntegerField(default=1)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = ScenarioQuerySet.as_manager()

    class Meta:
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "title"], condition=models.Q(retired_at=None), name="scenario_title_per_release"
            )
        ]

    def __str__(self) -> str:
        return self.title


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: User) -> RunQuerySet:
        return self.filter(release__candidates__product__roles__user=user).distinct()


class Run(models.Model):
    """One sitting of one tester: on one build, in one environment."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="runs")
    build = models.ForeignKey(Build, on_delete=models.PROTECT, related_name="runs")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")
    tester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    digests = models.JSONField(
        default=dict, help_text="product id → candidate digest at the start: what was tested together."
    )
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

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


class ResultQuerySet(models.QuerySet["Result"]):
    def newest(self) -> ResultQuerySet:
        """The one that counts of each scenario and tester, with both of them and the build at hand."""
        return (
            self.order_by("scenario_id", "run__tester_id", "-at", "-id")
            .distinct("scenario_id", "run__tester_id")
            .select_related("run__tester", "run__build", "scenario")
        )

    def on(self, digests: dict[int, str]) -> ResultQuerySet:
        """Results of runs that tested exactly these builds together (product id → digest), on what the scenarios say
        now.
        """
        return self.filter(
            run__digests={str(product): digest for product, digest in digests.items()},
            version=models.F("scenario__version"),
            scenario__retired_at=None,
        )


class Result(AppendOnly):
    """What came out of one scenario in one run. The newest per tester counts; a tester who errs submits again."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="results")
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="results")
    version = models.PositiveSmallIntegerField(default=1, help_text="Which wording of the scenario was tried.")
    status = models.CharField(max_length=8, choices=ResultStatus.choices)
    note_hash = models.CharField(max_length=64, blank=True, help_text=HASH_HELP)
    at = models.DateTimeField(db_default=Now())

    objects = ResultQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.scenario}: {self.status}"


class Note(models.Model):
    """Somebody's free text, apart from the fact that keeps its hash, so that it can be erased."""

    salt = models.CharField(max_length=32)
    text = models.TextField(blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.text[:60]


class ResultNote(Note):
    result = models.OneToOneField(Result, on_delete=models.PROTECT, related_name="note")


class StepResult(AppendOnly):
    """What came out of one step of a scenario in one run. The newest counts; the result follows from all of them."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="step_results")
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="step_results")
    version = models.PositiveSmallIntegerField(default=1, help_text="Which wording of the scenario was tried.")
    step = models.PositiveSmallIntegerField(help_text="Counted from 1.")
    status = models.CharField(max_length=8, choices=ResultStatus.choices)
    note_hash = models.CharField(max_length=64, blank=True, help_text=HASH_HELP)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [models.CheckConstraint(condition=models.Q(step__gte=1), name="steps_count_from_one")]

    def __str__(self) -> str:
        return f"{self.scenario}, step {self.step}: {self.status}"


class StepNote(Note):
    result = models.OneToOneField(StepResult, on_delete=models.PROTECT, related_name="note")


class FindingQuerySet(models.QuerySet["Finding"]):
    def with_standing(self) -> FindingQuerySet:
        """Each with its events at hand, so that `verb` and `raiser_id` ask nothing more."""
        return self.select_related("build", "scenario").prefetch_related("events__by", "events__note")

    def visible_to(self, user: User) -> FindingQuerySet:
        return self.filter(release__candidates__product__roles__user=user).distinct()


class Finding(models.Model):
    """A defect that a tester found. Where it stands is its newest event."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="findings")
    scenario = models.ForeignKey(Scenario, null=True, on_delete=models.PROTECT, related_name="findings")
    step = models.PositiveSmallIntegerField(null=True, help_text="At which step of the scenario it was seen.")
    build = models.ForeignKey(Build, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=160)
    severity = models.CharField(max_length=10, choices=Severity.choices)

    objects = FindingQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title

    @property
    def newest(self) -> FindingEvent:
        """What was last done about it."""
        return self.events.all()[0]

    @property
    def verb(self) -> FindingVerb:
        """Where it stands: its newest event."""
        return FindingVerb(self.newest.verb)

    @property
    def raiser_id(self) -> int:
        return list(self.events.all())[-1].by_id


class FindingEvent(AppendOnly):
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="events")
    verb = models.CharField(max_length=10, choices=FindingVerb.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note_hash = models.CharField(max_length=64, blank=True, help_text=HASH_HELP)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.finding} {self.verb}"


class FindingNote(Note):
    event = models.OneToOneField(FindingEvent, on_delete=models.PROTECT, related_name="note")
