"""Closed sets of values that more than one room shares."""

from django.db import models


class RoleKind(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    TESTER = "tester", "Tester"
    APPROVER = "approver", "Approver"
    RELEASE_MANAGER = "release_manager", "Release manager"
    ENGINEER = "engineer", "Engineer"
    OWNER = "owner", "Owner"


class Tone(models.TextChoices):
    """How a status looks: reaches the page as `data-tone`."""

    GOOD = "good", "good"
    WAIT = "wait", "wait"
    BAD = "bad", "bad"
    LIVE = "live", "live"
    NONE = "none", "none"
