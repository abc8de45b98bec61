"""The pages of a flag in a real browser: while others change it, while its rules are written, and on a phone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from core.models import Environment, Product, User
from flags import actions
from flags.models import Flag
from tests.conftest import FreshDatabase
from tests.journeys.site import Site, opened

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

SOON = 5000
"""ms; what the busiest machine may take."""
KEY = "search-typo"
PAGE = f"/flags/storefront/{KEY}/"


@pytest.fixture(scope="module")
def site(shared_db: FreshDatabase, folder: Path) -> Iterator[Site]:
    with opened(shared_db, folder) as one:
        one.aside(a_flag)
        yield one


def a_flag() -> None:
    product, emil = Product.objects.get(slug="storefront"), User.objects.get(email="emil@example.com")
    actions.create_flag(product=product, key=KEY, name="Typo-tolerant search", actor=emil)


def who_and_where() -> dict[str, Any]:
    """Emil, at the flag in production."""
    flag = Flag.objects.select_related("product").get(key=KEY)
    where = Environment.objects.select_related("product").get(product=flag.product, is_production=True)
    return {"flag": flag, "environment": where, "actor": User.objects.get(email="emil@example.com")}


@contextmanager
def looking(site: Site, chromium: Browser, path: str, width: int = 1280, scripts: bool = True) -> Iterator[Page]:
    """Rhea, at a page, without an error in its scripts."""
    size = ViewportSize(width=width, height=844)
    context = chromium.new_context(base_url=site.base, viewport=size, java_script_enabled=scripts)
    [(name, value)] = site.sessions["rhea"].items()
    context.add_cookies([{"name": name, "value": value, "url": site.base}])
    page, wrong = context.new_page(), list[str]()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    try:
        page.goto(path)
        yield page
    finally:
        context.close()
    assert wrong == []


def test_what_others_do_to_a_flag_appears_and_what_is_typed_stays(site: Site, chromium: Browser) -> None:
    with looking(site, chromium, PAGE) as page:
        percent = page.get_by_label("Percent of the users in production")
        percent.fill("7")
        site.aside(lambda: actions.set_weight(weight=30_000, **who_and_where()))
        expect(page.locator("#places .env").first).to_contain_text("30\u00a0%", timeout=SOON)
        expect(page.locator("#history")).to_contain_text("Emil", timeout=SOON)
        assert percent.input_value() == "7"
        site.aside(lambda: actions.kill(reason="It crashes.", **who_and_where()))
        expect(page.locator("#places")).to_contain_text("Off for everybody in production.", timeout=SOON)
        expect(page.locator("#places")).to_contain_text("It crashes.")
        expect(page.locator("#said")).to_contain_text("turned off")
        site.aside(lambda: actions.enable(**who_and_where()))
        expect(page.locator("#places")).not_to_contain_text("Off for everybody", timeout=SOON)


@pytest.mark.parametrize("scripts", [True, False])
def test_who_presses_in_a_rule_stays_at_that_rule(site: Site, chromium: Browser, scripts: bool) -> None:
    with looking(site, chromium, f"{PAGE}staging/targeting/", scripts=scripts) as page:
        for number in range(5):
            page.get_by_role("button", name="Another rule").click()
            expect(page.locator(f"#rule-{number}")).to_be_in_viewport()
            page.locator(f"#rule-{number}-name").fill(f"No. {number}")
        for button, at, there in (
            ("up:4", 3, "No. 4"),
            ("down:0", 1, "No. 0"),
            ("remove:2", 2, "No. 4"),
        ):
            page.locator(f"button[value='{button}']").click()
            expect(page.locator(f"#rule-{at}-name")).to_have_value(there)
            expect(page.locator(f"#rule-{at}-name")).to_be_in_viewport()
        page.locator("#rule-3").get_by_role("button", name="More rows").click()
        expect(page.locator("#rule-3 .cond__row")).to_have_count(3)
        expect(page.locator("#rule-3-name")).to_be_in_viewport()


LONG = "https://tickets.example/" + "w" * 1_500
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [1280, 390])
def test_a_word_of_any_length_pushes_nothing_off_the_screen(site: Site, chromium: Browser, width: int) -> None:
    site.aside(long_words)
    with looking(site, chromium, "/flags/storefront/long/", width) as page:
        assert page.evaluate(WIDER) <= 0
        box = page.get_by_role("button", name="Turn off for all").first.bounding_box()
        assert box and box["x"] + box["width"] <= width
        for path in ("production/history/", "production/targeting/", "describe/", "values/"):
            page.goto(f"/flags/storefront/long/{path}")
            assert page.evaluate(WIDER) <= 0, path


def long_words() -> None:
    """A flag about which everything is said in long words."""
    if Flag.objects.filter(key="long").exists():
        return
    said: dict[str, Any] = {**who_and_where(), "reason": LONG[:300]}
    variants = [{"name": name * 30, "value": LONG} for name in ("ab", "cd")]
    about: dict[str, Any] = {
        "key": "long",
        "name": LONG[:120],
        "description": LONG,
        "type": "string",
        "variants": variants,
    }
    said["flag"] = actions.create_flag(product=said["flag"].product, actor=said["actor"], **about)
    when = {"attribute": "user.name", "op": "equals", "value": LONG[:900]}
    rule = {"name": LONG[:200], "when": when, "serve": {"variant": "cd" * 30}}
    actions.set_targeting(targeting={"rules": [rule], "pins": {LONG[:200]: "ab" * 30}}, **said)


def test_a_phone_has_room_for_what_is_typed(site: Site, chromium: Browser) -> None:
    with looking(site, chromium, PAGE, 390) as page:
        for label in ("User key", "Value 1"):
            assert wide(page.locator("#play").get_by_label(label, exact=True)) > 120, label
        page.goto("/flags/new/")
        assert wide(page.get_by_label("Value 1")) > 300


def wide(what: Locator) -> float:
    box = what.bounding_box()
    assert box
    return box["width"]


def test_a_search_stands_in_the_address_and_in_the_tabs(site: Site, chromium: Browser) -> None:
    with looking(site, chromium, "/flags/") as page:
        page.get_by_label("Find a flag").fill("no such")
        expect(page.locator("#flagrows")).to_contain_text("No flag fits.")
        expect(page.locator("#flagtabs")).to_contain_text("All 0")
        page.get_by_label("Find a flag").fill("typo")
        expect(page.locator("#flagtabs")).to_contain_text("All 1")
        assert page.url.endswith("/flags/?q=typo")
        page.locator(".flagrow", has_text=KEY).click()
        expect(page.locator("h1")).to_have_text(KEY)
        page.go_back()
        expect(page.get_by_label("Find a flag")).to_have_value("typo")
        page.locator("#flagtabs").get_by_text("New").click()
        expect(page.get_by_label("Find a flag")).to_have_value("typo")
        page.goto(f"{PAGE}?environment=staging&user=u-1")
        page.get_by_label("Find a flag").fill("typ")
        expect(page).to_have_url(f"{site.base}{PAGE}?environment=staging&user=u-1&q=typ")
