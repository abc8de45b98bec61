"""``manage.py load_story``: people, products, releases and a little history. Needs the demo's services to be running.

Called again it only tells the slots where the services listen now.
"""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.choices import RoleKind
from core.models import ApiToken, User
from demo.addresses import addresses
from demo.story import history, notes, people, search, shelf, stage
from demo.story.stage import Stage
from flags.choices import KeyKind
from flags.keys import issue_key
from releases.actions import change_slot
from releases.models import Release, Slot


class Command(BaseCommand):
    help = "Load the demo's story into an empty database."

    def add_arguments(self, parser: CommandParser) -> None:
        early = "stop before Emil's pipeline has reported anything, so that the whole way can be walked"
        parser.add_argument("--early", action="store_true", help=early)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The story is for the demo: set SLIPWAY_DEMO=1.")
        urls = {"blue": addresses().blue, "green": addresses().green}
        if User.objects.exists():
            self._follow(urls)
            return
        at, printed = self._set(urls)
        releases = self._play(at, early=options["early"] or os.environ.get("SLIPWAY_STORY") == "early")
        self._note(at, printed, releases)
        self.stdout.write("The story is loaded.")

    def _set(self, urls: dict[str, str]) -> tuple[Stage, list[dict[str, str]]]:
        self.stdout.write("People, products, slots, flags and policies")
        made = people.products()
        users, printed = people.enter(made)
        at = Stage(people=users, products=made)
        stage.build_set(at, blue_url=urls["blue"], green_url=urls["green"])
        shelf.fill(at)
        return at, printed

    def _play(self, at: Stage, *, early: bool) -> dict[str, Release]:
        well, badly = history.live_through(at, self.stdout.write)
        self.stdout.write("Search 2.0, up to Bea’s signature; Loyalty’s next release")
        release = search.outline(at)
        if not early:
            search.prepare(at, release)
        return {
            "search": release,
            "loyalty": history.loyalty(at),
            "finished": well.release,
            "rolled_back": badly.release,
        }

    def _note(self, at: Stage, printed: list[dict[str, str]], releases: dict[str, Release]) -> None:
        emil = at.people["emil"]
        tokens = {
            slug: ApiToken.issue(user=emil, product=product, name="pipeline")[1]
            for slug, product in at.products.items()
        }
        keys = {
            f"{slug}-{kind.value}": issue_key(
                environment=at.place(product, "production"), kind=kind, name=f"{kind.label} key", actor=emil
            )[1]
            for slug, product in at.products.items()
            for kind in KeyKind
        }
        content = {
            "people": printed,
            "api_tokens": tokens,
            "flag_keys": keys,
            "releases": {name: release.pk for name, release in releases.items()},
            "addresses": {"site": settings.SITE_URL, "mail": str(settings.DATA_DIR / "mail")},
        }
        notes.write(settings.DATA_DIR / "demo.json", content)

    def _follow(self, urls: dict[str, str]) -> None:
        """The services may listen elsewhere since the last start."""
        owners = User.objects.filter(roles__kind=RoleKind.OWNER, is_superuser=True)
        owner = owners.first()
        for slot in Slot.objects.filter(name__in=urls, environment__product__slug=people.STOREFRONT):
            if owner and urls[slot.name]:
                change_slot(slot=slot, version_url=f"{urls[slot.name]}/version", actor=owner)
        self.stdout.write("The story was there already; its slots know where the services listen.")
