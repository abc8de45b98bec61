"""What every page's shell needs: the main navigation, the switch of products and the reader's zone."""

from collections.abc import Iterable
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
    known = {}
    for entry in _ENTRIES:
        try:
            known[reverse(entry[2])] = entry
        except NoReverseMatch:
            continue  # the demo's page exists in the demo only
    section = _section(path, known)
    return [
        Item(label, icon, url, key, url == section, rule, name if name in _COUNTED else "")
        for url, (label, icon, name, key, rule) in known.items()
    ]


def _section(path: str, urls: Iterable[str]) -> str:
    """The innermost one: testing a release is Testing."""
    return max((url for url in urls if url != "/" and url in path), key=path.rfind, default="/" if path == "/" else "")
