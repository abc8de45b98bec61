"""A page in a real browser while things change elsewhere: it shows them, says them, and says when it cannot."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from core.models import Product, User
from releases.actions import create_release
from tests.conftest import FreshDatabase
from tests.journeys.site import Site, opened

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

SOON = 5000
"""ms; what the busiest machine may take. That it takes less than a second is measured by `make bench-live`."""


@pytest.fixture(scope="module")
def site(shared_db: FreshDatabase, folder: Path) -> Iterator[Site]:
    with opened(shared_db, folder) as one:
        yield one


@pytest.fixture
def page(site: Site, chromium: Browser) -> Iterator[Page]:
    """Rhea's Today, live."""
    context = chromium.new_context(base_url=site.base, viewport={"width": 1200, "height": 800})
    [(name, value)] = site.sessions["rhea"].items()
    context.add_cookies([{"name": name, "value": value, "url": site.base}])
    one = context.new_page()
    wrong: list[str] = []
    one.on("pageerror", lambda error: wrong.append(str(error)))
    with one.expect_response(lambda answer: "/live/" in answer.url):
        one.goto("/")
    one.wait_for_timeout(1500)  # what the beginning of the stream asks for has come
    yield one
    with suppress(Exception):
        one.unroute_all(behavior="ignoreErrors")
    context.close()
    assert wrong == []


def opens_a_release(site: Site, name: str) -> None:
    """Rhea does, elsewhere."""

    def act() -> None:
        rhea, product = User.objects.get(email="rhea@example.com"), Product.objects.get(slug="storefront")
        create_release(product=product, name=name, actor=rhea, way_back="Off.")

    site.aside(act)


def test_what_happens_elsewhere_appears_and_is_said_once(site: Site, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(site.base)))
    opens_a_release(site, "Gift cards")
    expect(page.locator("#today-blocked")).to_contain_text("Gift cards", timeout=SOON)
    expect(page.locator("#said")).to_contain_text("blocked on others")
    assert asked.count("/") in {1, 2}, "one request brings all panels; a burst is two at most"
    assert {path for path in asked if not path.startswith("/static/")} == {"/"}


def test_a_panel_that_cannot_be_fetched_says_so_with_its_time_and_recovers(site: Site, page: Page) -> None:
    note = page.locator("#connection")
    expect(note).to_be_hidden()
    page.route(f"{site.base}/", lambda route: route.abort())
    opens_a_release(site, "Wish list")
    expect(note).to_be_visible(timeout=SOON)
    expect(note).to_contain_text("What you see is from ")
    expect(page.locator("#said")).to_have_text("This page lost its connection.")
    expect(page.locator("#today")).not_to_contain_text("Wish list")
    page.unroute_all(behavior="ignoreErrors")
    expect(note).to_be_hidden(timeout=3 * SOON)
    expect(page.locator("#today")).to_contain_text("Wish list", timeout=SOON)


def test_a_stream_that_broke_says_so_and_recovers(site: Site, page: Page) -> None:
    note = page.locator("#connection")
    page.context.set_offline(True)  # which leaves what is open alone: the next stream is the one that fails
    look_away(page, True)
    look_away(page, False)
    expect(note).to_be_visible(timeout=4 * SOON)
    opens_a_release(site, "While away")
    page.context.set_offline(False)
    expect(note).to_be_hidden(timeout=4 * SOON)
    expect(page.locator("#today")).to_contain_text("While away", timeout=SOON)


def look_away(page: Page, hidden: bool) -> None:
    """As the browser does when a tab is left or returned to."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def test_a_tab_that_nobody_sees_holds_no_connection_and_catches_up(site: Site, page: Page) -> None:
    ended: list[Request] = []
    page.on("requestfailed", lambda request: ended.append(request) if "/live/" in request.url else None)
    page.on("requestfinished", lambda request: ended.append(request) if "/live/" in request.url else None)
    look_away(page, True)
    page.wait_for_timeout(500)
    assert len(ended) == 1
    opens_a_release(site, "Unseen")
    page.wait_for_timeout(1500)
    assert "Unseen" not in page.locator("#today").inner_text()
    with page.expect_response(lambda answer: "/live/" in answer.url):
        look_away(page, False)
    expect(page.locator("#today")).to_contain_text("Unseen", timeout=SOON)
    expect(page.locator("#connection")).to_be_hidden()


def test_where_one_is_survives_a_swap(site: Site, page: Page) -> None:
    opens_a_release(site, "First row")
    expect(page.locator("#today")).to_contain_text("First row", timeout=SOON)
    page.locator("#today .work__title", has_text="First row").focus()
    opens_a_release(site, "Second row")
    expect(page.locator("#today")).to_contain_text("Second row", timeout=SOON)
    assert page.evaluate("document.activeElement.textContent") == "First row"


TYPED = """() => {
  const old = document.getElementById("today");
  old.insertAdjacentHTML("beforeend", '<form action="/x/"><input name="why"><input name="other" value="new"></form>');
  old.querySelector("[name=why]").value = "because";
  const fetched = document.createElement("template");
  fetched.innerHTML = old.outerHTML;
  const detail = { target: old, fragment: fetched.content };
  old.dispatchEvent(new CustomEvent("htmx:oobBeforeSwap", { detail, bubbles: true, cancelable: true }));
  return [...fetched.content.querySelectorAll("input")].slice(-2).map((field) => field.value);
}"""
"""A panel with a form arrives while somebody types in the one that is there."""


def test_what_is_typed_survives_a_swap(page: Page) -> None:
    assert page.evaluate(TYPED) == ["because", "new"]


def test_the_question_mark_shows_the_keys_and_each_is_a_button(site: Site, page: Page) -> None:
    opens_a_release(site, "Rows to walk")
    expect(page.locator("#today")).to_contain_text("Rows to walk", timeout=SOON)
    keys = page.locator("#keys")
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    for label in ("Next row", "Row before", "Go to Today", "Go to Releases"):
        expect(keys.get_by_role("button", name=label)).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.className") == "work__title"
    page.get_by_role("button", name="Keys of this page").click()
    keys.get_by_role("button", name="Go to Releases").click()
    page.wait_for_url("**/releases/")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url(f"{site.base}/")


def test_a_button_that_works_says_so_and_is_pressed_once(site: Site, page: Page) -> None:
    page.goto("/audit/")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/audit/verify/*", hold)
    button = page.get_by_role("button", name="Verify the record")
    button.click(no_wait_after=True)
    button.click(no_wait_after=True)
    expect(button).to_have_attribute("aria-busy", "true")
    page.wait_for_timeout(300)
    assert len(held) == 1
    held[0].continue_()
    expect(page.locator("#verified")).to_contain_text("proven", timeout=4 * SOON)


def test_the_numbers_stand_beside_the_navigation_of_every_page(
    site: Site, page: Page, tell: Callable[[str], None]
) -> None:
    with page.expect_response("**/waiting/"):
        page.goto("/flags/")
    expect(page.locator("#count-today")).to_have_text("")
    opens_a_release(site, "For the numbers")
    with page.expect_response("**/waiting/", timeout=2 * SOON):
        pass
