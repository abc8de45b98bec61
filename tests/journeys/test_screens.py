"""Every screen, in a real browser: light and dark, desktop and phone, by keyboard, and over the wire."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.conftest import FreshDatabase
from tests.journeys.looking import Eyes
from tests.journeys.site import Site, opened

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def site(shared_db: FreshDatabase, folder: Path) -> Iterator[Site]:
    with opened(shared_db, folder) as site:
        yield site


def test_nothing_is_wrong_with_any_screen(site: Site, chromium: Browser, tell: Callable[[str], None]) -> None:
    eyes: dict[str, Eyes] = {}
    wrong, began = {}, time.monotonic()
    for screen in site.screens:
        if screen.who not in eyes:
            eyes[screen.who] = Eyes(chromium, site, screen.who)
        if found := eyes[screen.who].look(screen):
            wrong[str(screen)] = found
    tell(f"{len(site.screens)} screens looked at in {time.monotonic() - began:.0f} s")
    assert not wrong, "\n".join(f"{screen}\n    " + "\n    ".join(found) for screen, found in wrong.items())
