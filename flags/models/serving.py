"""What serving processes tell: which version they hold, and how often which variant was given."""

from django.db import models
from django.db.models.functions import Now

from core.models import Environment
from flags.models.flag import Flag


class ServingProcess(models.Model):
    """That a serving process lately held a snapshot version of an environment: the evidence of an observed weight."""

    process = models.CharField(max_length=80)
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="serving")
    version = models.BigIntegerField()
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "serving processes"
        constraints = [models.UniqueConstraint(fields=["process", "environment"], name="serving_once")]

    def __str__(self) -> str:
        return f"{self.process} holds v{self.version}"


class FlagUsage(models.Model):
    """How often a variant of a flag was given on one day (UTC). `by_name`: somebody asked for this very flag; otherwise
    it was one of all in a bulk answer, which says less about its use. `variant` is ``error`` where none came out.
    """

    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="usage")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    variant = models.CharField(max_length=60)
    by_name = models.BooleanField()
    day = models.DateField()
    count = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "flag usage"
        constraints = [
            models.UniqueConstraint(fields=["flag", "environment", "variant", "by_name", "day"], name="usage_once")
        ]
        indexes = [models.Index(fields=["flag", "-last_at"], name="usage_by_flag")]

    def __str__(self) -> str:
        return f"{self.flag} {self.variant} on {self.day}: {self.count}"
