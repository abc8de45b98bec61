"""What a rollout, a KPI and a target can be. Each status carries its tone and icon."""

from django.db import models


class RolloutState(models.TextChoices):
    """`held` lifts itself when its cause is gone; `paused` waits for a named person."""

    RUNNING = "running", "running"
    HELD = "held", "held"
    PAUSED = "paused", "paused"
    WATCH = "watch", "watching"
    COMPLETED = "completed", "completed"
    ROLLED_BACK = "rolled_back", "rolled back"

    @property
    def is_live(self) -> bool:
        return self not in {RolloutState.COMPLETED, RolloutState.ROLLED_BACK}

    @property
    def tone(self) -> str:
        return {
            "running": "live",
            "held": "wait",
            "paused": "wait",
            "watch": "live",
            "completed": "good",
            "rolled_back": "bad",
        }[self.value]

    @property
    def icon(self) -> str:
        return {
            "running": "live",
            "held": "hold",
            "paused": "hold",
            "watch": "live",
            "completed": "open",
            "rolled_back": "back",
        }[self.value]


class Role(models.TextChoices):
    """What a target does in a rollout: it carries the percentage, or it follows what carries it."""

    CARRIES = "carries", "carries the percentage, sticky by user"
    FOLLOWS = "follows", "on for whoever the candidate serves"


class OnBreach(models.TextChoices):
    ROLL_BACK = "roll_back", "roll back"
    PAUSE = "pause", "pause"


class BadAnswer(models.TextChoices):
    """What makes one answer of the application a bad one."""

    FAILED = "failed", "status from"
    SLOW = "slow", "slower than, ms"


class VerdictKind(models.TextChoices):
    PASS = "pass", "pass"
    FAIL = "fail", "fail"
    INCONCLUSIVE = "inconclusive", "inconclusive"
    NO_DATA = "no_data", "no data"

    @property
    def tone(self) -> str:
        return {"pass": "good", "fail": "bad", "inconclusive": "wait", "no_data": "wait"}[self.value]

    @property
    def icon(self) -> str:
        return {"pass": "open", "fail": "fail", "inconclusive": "unsure", "no_data": "waiting"}[self.value]
