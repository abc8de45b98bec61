"""`manage.py issue_flag_key storefront production --name checkout`: prints a new key once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import Refused
from core.models import Environment
from flags.choices import KeyKind
from flags.keys import issue_key


class Command(BaseCommand):
    help = "Issue a key with which an application reads the flags of one environment. It is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("product", help="the product's slug")
        parser.add_argument("environment", help="the environment's slug")
        parser.add_argument("--name", required=True, help="who will use it")
        parser.add_argument("--kind", choices=KeyKind.values, default=KeyKind.SERVER.value)
        parser.add_argument("--origin", action="append", default=[], help="a site whose pages may use it (client keys)")
        parser.add_argument("--rate", type=int, help="requests a second that one process answers to it")

    def handle(self, *args: Any, **options: Any) -> None:
        product, slug = options["product"], options["environment"]
        environment = Environment.objects.filter(product__slug=product, slug=slug).first()
        if environment is None:
            raise CommandError(f"There is no environment {slug} of a product {product}.")
        asked = {"name": options["name"], "origins": options["origin"], "rate": options["rate"]}
        try:
            _, key = issue_key(environment=environment, kind=KeyKind(options["kind"]), actor=None, **asked)
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        self.stdout.write(key)
