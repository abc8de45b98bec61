from django.db import models


class ResultStatus(models.TextChoices):
    PASS = "pass", "pass"
    FAIL = "fail", "fail"
    BLOCKED = "blocked", "blocked"


class Severity(models.TextChoices):
    BLOCKING = "blocking", "blocking"
    MINOR = "minor", "minor"


class FindingVerb(models.TextChoices):
    RAISED = "raised", "raised"
    ACCEPTED = "accepted", "accepted"
    FIXED = "fixed", "fixed"
    REOPENED = "reopened", "reopened"
