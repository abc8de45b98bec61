"""What can come out of a scenario, and where a finding can stand."""

from django.db import models


class ResultStatus(models.TextChoices):
    PASS = "pass", "pass"
    FAIL = "fail", "fail"
    BLOCKED = "blocked", "blocked"

    @property
    def tone(self) -> str:
        return {"pass": "good", "fail": "bad", "blocked": "none"}[self.value]

    @property
    def icon(self) -> str:
        return {"pass": "open", "fail": "fail", "blocked": "blocked"}[self.value]

    @property
    def past(self) -> str:
        return {"pass": "passed", "fail": "failed", "blocked": "could not test"}[self.value]


class ScenarioState(models.TextChoices):
    """Where a scenario stands on the builds that are candidates now."""

    PASS = "pass", "pass"
    FAIL = "fail", "fail"
    BLOCKED = "blocked", "blocked"
    RETEST = "retest", "re-test"
    NOT_RUN = "not_run", "not run yet"

    @property
    def tone(self) -> str:
        return {"pass": "good", "fail": "bad", "blocked": "none", "retest": "wait", "not_run": "none"}[self.value]

    @property
    def icon(self) -> str:
        return {"pass": "open", "fail": "fail", "blocked": "blocked", "retest": "waiting", "not_run": "todo"}[
            self.value
        ]


class Severity(models.TextChoices):
    BLOCKING = "blocking", "blocking"
    MINOR = "minor", "minor"


class FindingVerb(models.TextChoices):
    RAISED = "raised", "open"
    ACCEPTED = "accepted", "accepted"
    FIXED = "fixed", "fixed"
    REOPENED = "reopened", "open again"

    @property
    def is_open(self) -> bool:
        return self in {FindingVerb.RAISED, FindingVerb.REOPENED}

    @property
    def tone(self) -> str:
        return {"raised": "wait", "accepted": "none", "fixed": "good", "reopened": "wait"}[self.value]

    @property
    def icon(self) -> str:
        return {"raised": "warn", "accepted": "hand", "fixed": "open", "reopened": "warn"}[self.value]

    @property
    def needs_reason(self) -> bool:
        """Living with a defect, or doubting that it is gone, is explained; a fix shows itself."""
        return self in {FindingVerb.ACCEPTED, FindingVerb.REOPENED}
