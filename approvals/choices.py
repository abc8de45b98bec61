from django.db import models


class Verdict(models.TextChoices):
    """A decision is granted or revoked, never edited."""

    APPROVE = "approve", "approved"
    CONDITION = "condition", "approved with a condition"
    REFUSE = "refuse", "refused"
    REVOKE = "revoke", "revoked"

    @property
    def grants(self) -> bool:
        return self in {Verdict.APPROVE, Verdict.CONDITION}

    @property
    def tone(self) -> str:
        return {"approve": "good", "condition": "good", "refuse": "bad", "revoke": "wait"}[self.value]

    @property
    def icon(self) -> str:
        return {"approve": "open", "condition": "open", "refuse": "blocked", "revoke": "back"}[self.value]


class News(models.TextChoices):
    """What a change means to somebody who decided."""

    FELL = "fell", "no longer counts"
    STANDS = "stands", "counts again"
    WORDING = "wording", "still counts"
