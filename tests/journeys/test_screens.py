"""Every screen, in a real browser: light and dark, desktop and phone, by keyboard, and over the wire."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route

from tests import screens
from tests.conftest import FreshDatabase
from tests.journeys.looking import Eyes
from tests.journeys.site import Site, furnished
from tests.screens import Screen

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

ILLS = {
    "weighs": "",
    "first paint waits": "",
    "focus cannot be seen": "",
    "image-alt": '<img src="/static/icon.svg" width="40" height="40">',
    "script-src": "<script>alert(1)</script>",
    "id twice twice": '<p id="twice"></p><p id="twice"></p>',
    "scrolls sideways": "<pre>" + "wide" * 500 + "</pre>",
    "answers": "",
}
STYLES = {
    "first paint waits": '@import "/static/css/late.css";',
    "focus cannot be seen": ":focus, :focus-visible { outline: none !important; box-shadow: none !important }"
    "* { border-color: red !important; background: white !important }",
}


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


@pytest.mark.parametrize("ill", ILLS)
def test_the_eyes_see(shown: tuple[Site, list[Screen]], chromium: Browser, ill: str) -> None:
    """Each ill is put into a page that has none, on its way to the browser; it goes on uncompressed, which is one."""
    eyes = Eyes(chromium, shown[0], "rhea")

    def spoil(route: Route) -> None:
        answer = route.fetch()
        if "/static/css/base" in route.request.url:
            route.fulfill(response=answer, body=STYLES.get(ill, "") + answer.text())
        elif route.request.resource_type == "document":
            body = answer.text().replace("</main>", ILLS[ill] + "</main>")
            route.fulfill(response=answer, body=body, status=500 if ill == "answers" else 200)
        else:
            route.fulfill(response=answer)

    eyes.page.route("**/*", spoil)
    found = eyes.look(Screen("/products/"))
    assert any(ill in one for one in found), found
