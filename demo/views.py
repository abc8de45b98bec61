"""The demo's own page. It exists only while SLIPWAY_DEMO is 1."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from core.access import who_may
from core.errors import Refused
from core.views import attempt
from demo import mails, shop
from demo.addresses import addresses
from demo.story import notes

PEOPLE = ("name", "email", "role")
"""What the page tells of the people: their passwords stand in the terminal and in demo.json."""


@who_may("everybody who is signed in, in the demo")
@require_safe
def demo(request: HttpRequest) -> HttpResponse:
    """The mails that were sent, the shop's numbers, the lever, and who is who."""
    story = notes.read(settings.DATA_DIR / "demo.json")
    context = {
        "mails": mails.delivered(settings.DATA_DIR / "mail"),
        "shop": shop.look(),
        "addresses": addresses(),
        "people": [{key: person.get(key, "") for key in PEOPLE} for person in story.get("people", [])],
        "releases": story.get("releases", {}),
    }
    part = "#live" if getattr(request, "htmx", False) else ""
    response = render(request, f"demo/demo.html{part}", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@who_may("everybody who is signed in, in the demo")
@require_POST
def hurt(request: HttpRequest) -> HttpResponse:
    """Hurt the new version, or heal it."""
    wanted = request.POST.get("on")

    def change() -> None:
        if wanted not in {"1", "0"}:
            raise Refused("Say 1 or 0.", field="on")
        shop.hurt(on=wanted == "1")

    said = "The new version is hurt: 35 % slower, and 2 % of its answers crash." if wanted == "1" else "Healed."
    return attempt(request, change, back=reverse("demo"), done=said)
