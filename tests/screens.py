"""Every screen there is: found by asking each address of the site, so that a new one cannot be forgotten.

An address that answers a GET with a page is a screen; any other is refused as an answer to GET (405), or named below
with a reason. Beside them stand the faces that one address has: states, roles, errors.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.test import Client

from tests.architecture.walk import addresses
from tests.house import House, person

NOT_SCREENS = {
    "healthz": "answers machines",
    "waiting/": "the numbers of the navigation alone, asked for in tests/approvals/test_today.py",
    "live/": "a stream of events, listened to in tests/core/test_live.py",
    "api/v1/": "answers machines with JSON",
    "flags/slipway_flags.py": "a program for pipelines, run in tests/flags/test_code_command.py",
    "products/<slug:slug>/flags/export/": "a file, asked for in tests/flags/test_transfer_page.py",
    "admin/": "Django's own pages; ours among them stand below",
    "password/<uidb64>/<token>/": "stands below with a token that is none: a real one is a credential",
}
WHO = {"elements/": "emil", "approve/": "bea", "releases/<int:pk>/testing/": "tomas", "testing/": "tomas"}
"""Whose screen it is first of all; any other is Rhea's."""
STRANGERS = ("login/", "password/")


@dataclass(frozen=True)
class Screen:
    """`who` looks at `path`; nobody is signed in where it is empty."""

    path: str
    who: str = "rhea"
    status: int = 200

    def __str__(self) -> str:
        return f"{self.path} ({self.who or 'a stranger'})"


def of(house: House) -> list[Screen]:
    """All screens of this house."""
    return [*_found(house), *_faces(house)]


def unaccounted(house: House) -> list[str]:
    """Addresses that are neither a screen, nor refuse to be read, nor are excused."""
    return [f"{route}: {status}" for route, _, status in _asked(house) if status not in {200, 405}]


def _found(house: House) -> Iterator[Screen]:
    for _, screen, status in _asked(house):
        if status == 200:
            yield screen


def _asked(house: House) -> Iterator[tuple[str, Screen, int]]:
    for route in dict.fromkeys(address.route for address in addresses()):
        if route.startswith(tuple(NOT_SCREENS)):
            continue
        fitting = [start for start in WHO if route.startswith(start)]
        who = "" if route.startswith(STRANGERS) else WHO[max(fitting, key=len)] if fitting else "rhea"
        screen = Screen(house.path(route), who)
        yield route, screen, client_of(who).get(screen.path).status_code


def client_of(who: str) -> Client:
    """In which `who` is signed in, if anybody is."""
    client = Client()
    if who:
        client.force_login(person(who), backend="django.contrib.auth.backends.ModelBackend")
    return client


def _faces(house: House) -> Iterator[Screen]:
    """What one address shows in other states and to other people."""
    first, second = house.story.release.pk, house.release.pk
    for rollout in house.rollouts.values():
        yield Screen(f"/rollouts/{rollout.pk}/")
        yield Screen(f"/releases/{rollout.release_id}/")
    for who in ("tomas", "bea", "otto"):
        yield Screen("/", who)
    for who in ("tomas", "bea"):
        yield Screen(f"/releases/{second}/", who)
    yield Screen(f"/approve/{house.values['approve/']['pk']}/", "rhea")
    yield Screen(f"/releases/{first}/testing/", "rhea")
    yield Screen(f"/releases/{first}/", "ines")
    flag = house.path("flags/<slug:product>/<slug:key>/")
    yield Screen(f"{flag}?environment=staging&user=u-1&a=user.group&v=staff")
    yield Screen(f"{flag}?environment=staging&context=%7B", status=422)
    yield Screen("/password/MQ/x-y/", "")
    yield Screen("/releases/9999/", status=404)
    yield Screen("/nowhere/", "", status=404)
    yield Screen("/audit/?before=x", status=422)
