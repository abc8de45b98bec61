"""How a flag decides, what kind it is, and where it stands in its life."""

from __future__ import annotations

from django.db import models


class FlagKind(models.TextChoices):
    RELEASE = "release", "Release"
    EXPERIMENT = "experiment", "Experiment"
    OPS = "ops", "Operations"
    PERMISSION = "permission", "Permission"


class ValueType(models.TextChoices):
    """What a flag's values are. An integer is never written as a float, nor a float as an integer."""

    BOOLEAN = "boolean", "Boolean"
    STRING = "string", "String"
    INTEGER = "integer", "Integer"
    FLOAT = "float", "Number with decimals"
    JSON = "json", "JSON"


class Carrier(models.TextChoices):
    """What decides who has it: its own percentage, or the build that serves the user (it follows the route)."""

    PERCENTAGE = "percentage", "percentage"
    BUILD = "build", "follows the route"


class KeyKind(models.TextChoices):
    SERVER = "server", "Server"
    CLIENT = "client", "Client"


class ChangeState(models.TextChoices):
    """Where a change of a flag stands that was not made at once."""

    WAITING = "waiting", "Waits for a second person"
    APPROVED = "approved", "Waits for its time"
    APPLIED = "applied", "Done"
    REFUSED = "refused", "Refused"
    SUSPENDED = "suspended", "Suspended"
    WITHDRAWN = "withdrawn", "Withdrawn"

    @property
    def is_open(self) -> bool:
        return self in {ChangeState.WAITING, ChangeState.APPROVED, ChangeState.SUSPENDED}

    @property
    def tone(self) -> str:
        return {"waiting": "wait", "approved": "live", "applied": "good", "refused": "bad", "suspended": "wait"}.get(
            self.value, "none"
        )

    @property
    def icon(self) -> str:
        return {"waiting": "hand", "approved": "calendar", "applied": "check", "refused": "x", "suspended": "hold"}.get(
            self.value, "ring"
        )


class Stage(models.TextChoices):
    """Where a flag stands in its life; derived (`flags/lifecycle.py`), stored nowhere."""

    NEW = "new", "New"
    RAMPING = "ramping", "Ramping"
    LIVE = "live", "Live"
    STALE = "stale", "Stale"
    ARCHIVED = "archived", "Archived"

    @property
    def note(self) -> str:
        return {
            "new": "nobody in production has it",
            "ramping": "a part of production has it, or its release is not over",
            "live": "in use",
            "stale": "the decision is over, the code still asks, or nobody does",
            "archived": "answers nobody any more",
        }[self.value]

    @property
    def tone(self) -> str:
        return {"new": "none", "ramping": "live", "live": "good", "stale": "wait", "archived": "none"}[self.value]

    @property
    def icon(self) -> str:
        return {"new": "ring", "ramping": "live", "live": "open", "stale": "waiting", "archived": "file"}[self.value]


class Due(models.TextChoices):
    """Why a flag may go, the strongest reason first."""

    EVERYBODY = "everybody", "Everyone has it"
    NOBODY = "nobody", "Nobody has it"
    PAST = "past", "Past its date"
    UNASKED = "unasked", "Nobody asks"

    @property
    def note(self) -> str:
        return {
            "everybody": "the decision is over: keep the new code, take out the question",
            "nobody": "the decision is over: keep the old code, take out the question",
            "past": "it was to be gone by now",
            "unasked": "no application has asked for a month",
        }[self.value]
