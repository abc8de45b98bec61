"""The list of releases: what each waits for, found by name, a page at a time, at the cost of one."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from core.models import Product, User
from core.ui import Line
from releases import actions, rules
from releases.choices import ReleaseStatus
from releases.models import Release
from tests.releases.conftest import Ship

Browser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def this_room_alone(settings: Settings) -> None:
    settings.GATES = [path for path in settings.GATES if path.startswith("releases.")]
    settings.RELEASE_PANELS = []
    cache.clear()


def listed(client: Client, **query: object) -> str:
    answer = client.get(reverse("releases", query={name: str(value) for name, value in query.items()}))
    assert answer.status_code == 200
    return answer.content.decode()


def test_each_says_what_it_waits_for_in_the_words_of_its_page(
    ship: Ship, release: Release, storefront: Product, rhea: User, browser_of: Browser
) -> None:
    actions.create_release(product=storefront, name="Basket 1.1", actor=rhea)
    html = listed(browser_of(rhea), part="rows")
    assert "<html" not in html
    assert "Every gate is open." in html and "Search 2.0" in html
    assert "Waiting for Scope (Rhea Lind" in html and "Basket 1.1" in html


def test_what_is_said_is_kept_until_something_happens_to_the_release(
    ship: Ship, rhea: User, emil: User, browser_of: Browser
) -> None:
    client = browser_of(rhea)
    assert "Every gate is open." in listed(client, part="rows")
    with CaptureQueriesContext(connection) as again:
        listed(client, part="rows")
    assert not [one for one in again if "releases_freeze" in one["sql"]], "no gate was asked again"
    actions.change_release(release=ship.release, actor=rhea, way_back="")
    assert "Waiting for Scope" in listed(client, part="rows"), "its record grew"
    actions.report_check(build=ship.build, kind="regression", status="fail", actor=emil)
    assert "The regression suite failed on 2.0.3" in listed(client, part="rows"), "its product's record grew"


def test_the_page_itself_costs_the_same_for_one_release_and_for_many(
    ship: Ship, storefront: Product, rhea: User, browser_of: Browser
) -> None:
    client = browser_of(rhea)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            listed(client)
        return len(queries)

    cost()
    one = cost()
    for number in range(15):
        actions.create_release(product=storefront, name=f"Release {number}", actor=rhea)
    assert cost() == one


def test_hundreds_come_a_page_at_a_time_and_are_found_by_name(
    storefront: Product, rhea: User, browser_of: Browser
) -> None:
    for number in range(21):
        actions.create_release(product=storefront, name=f"Release {number:02}", actor=rhea)
    client = browser_of(rhea)
    html = listed(client)
    assert "Release 20" in html and "Release 00" not in html and "Page 1 of 2" in html
    assert "Release 00" in listed(client, page=2)
    found = listed(client, named="release 07")
    assert "Release 07" in found and "Release 08" not in found
    assert "None is called that." in listed(client, named="50%")


def test_finished_ones_stand_apart(ship: Ship, rhea: User, browser_of: Browser) -> None:
    actions.cancel_release(release=ship.release, reason="Later.", actor=rhea)
    client = browser_of(rhea)
    assert "Search 2.0" not in listed(client) and "Nothing is under way." in listed(client)
    assert "Search 2.0" in listed(client, show="finished") and "Cancelled" in listed(client, show="finished")


def test_only_the_chosen_products_releases_are_listed(
    ship: Ship, storefront: Product, rhea: User, browser_of: Browser
) -> None:
    other = Product.objects.create(name="Loyalty", slug="loyalty")
    rhea.roles.create(product=other, kind="release_manager")
    actions.create_release(product=other, name="Points", actor=rhea)
    client = browser_of(rhea)
    assert "Points" in listed(client) and "Search 2.0" in listed(client)
    session = client.session
    session["product"] = "loyalty"
    session.save()
    assert "Points" in listed(client) and "Search 2.0" not in listed(client)


def test_nothing_at_all_says_what_will_arrive(
    storefront: Product, rhea: User, tomas: User, browser_of: Browser
) -> None:
    assert "Open the first release" in listed(browser_of(rhea))
    html = listed(browser_of(tomas))
    assert "No release yet" in html and "Open the first release" not in html


def test_p12_a_filter_that_does_not_exist_is_a_clear_no(ship: Ship, rhea: User, browser_of: Browser) -> None:
    client = browser_of(rhea)
    assert client.get(reverse("releases", query={"show": "nonsense"})).status_code == 422
    assert client.get(reverse("releases", query={"named": "x" * 121})).status_code == 422


@pytest.mark.parametrize(
    ("line", "word", "row"),
    [
        (Line("bad", "blocked", "Blocked:", "waiting for QA", "then 5 %"), "blocked", "Waiting for QA, then 5 %."),
        (Line("wait", "waiting", "Waiting", "for QA (Quinn, 2 d)"), "waiting", "Waiting for QA (Quinn, 2 d)."),
        (Line("good", "open", "Ready:", "every gate is open"), "ready", "Every gate is open."),
        (Line("wait", "hold", "Growth is held:", "Freeze"), "held", "Freeze."),
        (Line("live", "live", "25 % have it:", "all well"), "Sign-off", "All well."),
    ],
)
def test_the_words_of_a_row(line: Line, word: str, row: str) -> None:
    assert rules.in_a_word(line, ReleaseStatus.SIGNOFF)[2] == word
    assert rules.in_a_row(line) == row


def test_a_long_reason_is_cut_to_a_glance() -> None:
    reason = "Failed searches: no data for 30 min, longer than the plan allows. No canary traffic for 30 min 14 s"
    line = rules.at_a_glance(Line("wait", "hold", "Paused at 100 %:", reason, "a person resumes it or rolls it back"))
    assert line.text == "Failed searches: no data for 30 min, longer than the plan allows"
    assert line.then == "a person resumes it or rolls it back"
