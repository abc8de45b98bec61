from django.db import models


class ReleaseKind(models.TextChoices):
    GROUPED = "grouped", "grouped"
    EXPRESS = "express", "express"


class ReleaseStatus(models.TextChoices):
    """Where the release stands. Set only by actions; whether it may go on is asked of its gates, never of this."""

    DRAFT = "draft", "Scope"
    VALIDATION = "validation", "Validation"
    SIGNOFF = "signoff", "Sign-off"
    ROLLOUT = "rollout", "Rollout"
    WATCH = "watch", "Watch"
    COMPLETED = "completed", "Completed"
    ROLLED_BACK = "rolled_back", "Rolled back"
    CANCELLED = "cancelled", "Cancelled"

    @property
    def tone(self) -> str:
        return {"rollout": "live", "watch": "live", "completed": "good", "rolled_back": "bad"}.get(self.value, "none")

    @property
    def icon(self) -> str:
        known = {"rollout": "live", "watch": "live", "completed": "open", "rolled_back": "back", "cancelled": "x"}
        return known.get(self.value, "waiting")

    @property
    def is_finished(self) -> bool:
        return self in {ReleaseStatus.COMPLETED, ReleaseStatus.ROLLED_BACK, ReleaseStatus.CANCELLED}


class CheckKind(models.TextChoices):
    REGRESSION = "regression", "Regression suite"
    DATABASE = "database", "Database compatibility"
    SECURITY = "security", "Security scan"
    PERFORMANCE = "performance", "Performance"


class CheckStatus(models.TextChoices):
    PASS = "pass", "pass"
    FAIL = "fail", "fail"


class LinkKind(models.TextChoices):
    TOGETHER = "together", "ships together with"
    AFTER = "after", "after"
