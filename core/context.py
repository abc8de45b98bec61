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
    """One entry of the main navigation. `here` marks the section the page belongs to; `rule` draws a line above.
    `key`, after a g, leads there; `counts` names the number beside it.
    """

    label: str
    icon: str
    url: str
    key: str
    here: bool
    rule: bool = False
    counts: str = ""


_ENTRIES = [
    ("Today", "today", "today", "t", False),
    ("Releases", "release", "releases", "r", False),
    ("Testing", "test", "testing", "e", False),
    ("Rollouts", "rollout", "rollouts", "o", False),
    ("Flags", "flag", "flags", "f", False),
    ("What runs where", "build", "running", "w", True),
    ("Audit", "audit", "audit", "a", False),
    ("Products", "settings", "products", "p", False),
    ("Demo", "play", "demo", "d", False),
]
_COUNTED = {"today", "testing", "rollouts"}


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
    for label, icon, name, key, rule in _ENTRIES:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue  # the demo's page exists in the demo only
        here = path == url if url == "/" else path.startswith(url)
        items.append(Item(label, icon, url, key, here, rule, name if name in _COUNTED else ""))
    return items
