"""``manage.py forget_flag_user storefront u-48213``: forget a user whom flags of a product named."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refused
from core.models import Product
from flags.forgetting import forget_user


class Command(BaseCommand):
    help = "Blank a user's key or address in all that flags and segments of a product ever were."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("product")
        parser.add_argument("user")

    def handle(self, *args: Any, **options: Any) -> None:
        product = Product.objects.filter(slug=options["product"]).first()
        if product is None:
            raise CommandError("There is no such product.")
        try:
            found = forget_user(product=product, user=options["user"])
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        self.stdout.write(f"Forgotten in {found} places.")
