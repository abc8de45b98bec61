"""What every page's shell needs: the main navigation, the switch of products and the reader's zone."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from core import scope


@dataclass(frozen=True)
class Item:
    """One entry of the main navigation. `here` marks the section the page belongs to; `rule` draws a line above."""

    label: str
    icon: str
    url: str
    here: bool
    rule: bool = False


_ENTRIES = [
    ("Today", "today", "today", False),
    ("Releases", "release", "releases", False),
    ("Testing", "test", "testing", False),
    ("Rollouts", "rollout", "rollouts", False),
    ("Flags", "flag", "flags", False),
    ("What runs where", "build", "running", True),
    ("Audit", "audit", "audit", False),
    ("Products", "settings", "products", False),
    ("Demo", "play", "demo", False),
]


def shell(request: HttpRequest) -> dict[str, Any]:
    """What asks the database is a function: a part of a page, or the page that says that it is down, asks nothing."""
    return {
        "nav": _navigation(request.path),
        "products": partial(scope.products, request),
        "product_chosen": partial(scope.chosen, request),
        "here": request.get_full_path() if request.method in {"GET", "HEAD"} else "",
        "zone": f"{timezone.localtime():%Z}",
        "server_now": timezone.now(),
    }


def _navigation(path: str) -> list[Item]:
    items = []
    for label, icon, name, rule in _ENTRIES:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue  # the demo's page exists in the demo only
        here = path == url if url == "/" else path.startswith(url)
        items.append(Item(label, icon, url, here, rule))
    return items
