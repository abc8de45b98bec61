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

    def handle(self, *args: Any, **options: Any) -> None:
        product, slug = options["product"], options["environment"]
        environment = Environment.objects.filter(product__slug=product, slug=slug).first()
        if environment is None:
            raise CommandError(f"There is no environment {slug} of a product {product}.")
        try:
            _, key = issue_key(environment=environment, kind=KeyKind(options["kind"]), name=options["name"], actor=None)
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        self.stdout.write(key)
