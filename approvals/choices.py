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
