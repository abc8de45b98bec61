"""``manage.py erase_person bea@example.com``: forget a person, keep the record."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.erasure import erase_person
from core.errors import Refused
from core.models import User


class Command(BaseCommand):
    help = "Blank a person's name, address, texts and mails. Ids and hashes stay, so the record still verifies."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(email=options["email"].lower()).first()
        if person is None:
            raise CommandError("Nobody here has this address.")
        try:
            texts = erase_person(person=person)
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        self.stdout.write(f"Erased person {person.pk} and {texts} texts.")
