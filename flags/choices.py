"""How a flag decides, and what kind it is."""

from django.db import models


class FlagKind(models.TextChoices):
    RELEASE = "release", "Release"
    EXPERIMENT = "experiment", "Experiment"
    OPS = "ops", "Operations"
    PERMISSION = "permission", "Permission"


class Carrier(models.TextChoices):
    """What decides who has it: its own percentage, or the build that serves the user (it follows the route)."""

    PERCENTAGE = "percentage", "percentage"
    BUILD = "build", "follows the route"


class KeyKind(models.TextChoices):
    SERVER = "server", "Server"
    CLIENT = "client", "Client"
