"""What every page's shell needs: the main navigation and the reader's zone."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone


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
    ("Demo", "play", "demo", False),
]


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"nav": _navigation(request.path), "zone": f"{timezone.localtime():%Z}", "server_now": timezone.now()}


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
