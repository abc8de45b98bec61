"""What a page costs the database does not grow with what is on it."""

from collections.abc import Callable, Mapping

import pytest

from core.models import User
from tests import screens
from tests.house import House, furnish, grow
from tests.queries import cost
from tests.rollouts.conftest import told
from tests.rollouts.story import Story
from tests.screens import Screen, client_of

__all__ = ["told"]

MOST = 60
"""Queries that any one page may make."""
DEAR = {
    "/releases/1/ (": (180, "every gate and every panel of a release on its way reads its own rooms' facts"),
    "/releases/2/ (": (150, "the same of one that is being put together"),
}
"""Those that may make more: how many, and what for. None of them may grow with its rows."""


@pytest.fixture
def house(told: Callable[..., Story], tomas: User, quinn: User, ines: User, otto: User) -> House:
    house = furnish(told)
    grow(house, 1)
    return house


def costs(seen: list[Screen]) -> Mapping[str, int]:
    """Asked twice, so that nothing is counted that is remembered between requests."""
    counted = {}
    for screen in seen:
        client, path = client_of(screen.who), screen.path
        client.get(path)
        counted[str(screen)] = cost(lambda client=client, path=path: client.get(path))  # type: ignore[misc]
    return counted


def test_more_rows_cost_no_more_queries(house: House) -> None:
    seen = [screen for screen in screens.of(house) if screen.status == 200]
    few = costs(seen)
    grow(house, 3, round_=1)
    many = costs(seen)
    assert {page: (few[page], many[page]) for page in few if few[page] != many[page]} == {}
    assert {page: count for page, count in many.items() if count > allowed(page)} == {}


def allowed(page: str) -> int:
    """How many queries this one may make."""
    return next((most for start, (most, _) in DEAR.items() if page.startswith(start)), MOST)


def test_every_address_is_a_screen_or_says_why_not(house: House) -> None:
    assert screens.unaccounted(house) == []
