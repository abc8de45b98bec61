"""Every screen, in a real browser: light and dark, desktop and phone, by keyboard, and over the wire."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests import screens
from tests.conftest import FreshDatabase
from tests.journeys.looking import Eyes
from tests.journeys.site import Site, furnished
from tests.screens import Screen

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def shown(shared_db: FreshDatabase, folder: Path) -> Iterator[tuple[Site, list[Screen]]]:
    with furnished(shared_db, folder) as (site, house):
        yield site, screens.of(house)


def test_nothing_is_wrong_with_any_screen(
    shown: tuple[Site, list[Screen]], chromium: Browser, tell: Callable[[str], None]
) -> None:
    site, seen = shown
    eyes: dict[str, Eyes] = {}
    wrong, began = {}, time.monotonic()
    for screen in seen:
        if screen.who not in eyes:
            eyes[screen.who] = Eyes(chromium, site, screen.who)
        if found := eyes[screen.who].look(screen):
            wrong[str(screen)] = found
    tell(f"{len(seen)} screens looked at in {time.monotonic() - began:.0f} s")
    assert not wrong, "\n".join(f"{screen}\n    " + "\n    ".join(found) for screen, found in wrong.items())
