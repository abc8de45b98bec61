"""``manage.py verify_audit``: is the record whole, and how far is that proven?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import anchors


class Command(BaseCommand):
    help = (
        "Recompute every hash of the record, follow every chain, check every signed anchor, and say how far it proves."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        report = anchors.check()
        for problem in report.problems:
            self.stderr.write(problem)
        if not report.whole:
            raise CommandError(report.sentence())
        self.stdout.write(report.sentence())
