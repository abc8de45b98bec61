"""Today: what waits for me first, what it frees, and a page whose cost does not grow with what is on it."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.actions import submit_release
from approvals.models import Policy, SignoffRequest
from approvals.today import work
from core import clock
from core.models import Product, User
from core.today import Day, Work
from releases.actions import add_feature, create_release
from releases.models import Release
from tests.approvals.test_signing import sign
from tests.queries import cost

Browser = Callable[[User], Client]


def row(group: str, title: str = "One", **rest: object) -> Work:
    plain = {"why": "", "url": "/x/", "act": "Open", "tone": "wait", "icon": "waiting", "word": "waiting"}
    return Work(group=group, title=title, **{**plain, **rest})  # type: ignore[arg-type]


def said(*rows: Work) -> str:
    line = Day(rows).line
    return f"{line.lead} {line.text}{f' → {line.then}' if line.then else ''}" if line else ""


def test_the_sentence_says_how_many_wait_and_what_the_first_one_frees() -> None:
    first = row("decision", sets_free="Search 2.0", then=lambda: "5 % on Tuesday")
    assert said(first, row("testing"), row("blocked")) == (
        "2 things wait for you; the first one frees Search 2.0 → 5 % on Tuesday"
    )
    assert said(first) == "1 thing waits for you; it frees Search 2.0 → 5 % on Tuesday"
    assert said(row("testing", "Test it")) == "1 thing waits for you; Test it"
    assert said(row("rollout"), row("blocked")) == "Nothing waits for you; 1 rolling out now"
    assert said(row("blocked", "Search 2.0")) == "Nothing waits for you; 1 blocked on others"
    assert said(row("meanwhile")) == said() == ""


def test_what_comes_then_is_asked_for_the_first_row_alone() -> None:
    def never() -> str:
        raise AssertionError("asked for a row that is not the first")

    assert said(row("decision", sets_free="A", then=lambda: "5 %"), row("decision", sets_free="B", then=never))


def test_the_numbers_of_the_navigation_are_those_of_the_page() -> None:
    day = Day([row("decision"), row("testing", count=9), row("rollout"), row("blocked"), row("meanwhile")])
    assert day.counts == {"today": 2, "testing": 9, "rollouts": 1}


def test_a_page_listens_to_at_most_as_much_as_a_stream_takes() -> None:
    day = Day([row("rollout", topic=f"rollout:{number // 2}") for number in range(100)])
    assert len(day.topics) == len(set(day.topics)) == 18


@pytest.fixture
def asked(release: Release, policy: Policy, rhea: User) -> Release:
    submit_release(release=release, actor=rhea)
    return release


def test_who_is_asked_reads_what_it_frees_and_the_only_primary_button(
    asked: Release, bea: User, browser_of: Browser
) -> None:
    page = browser_of(bea).get("/").content.decode()
    assert "1 thing waits for you;" in page and f"it frees {asked}" in page
    assert page.count("btn--primary") == 1
    assert 'id="count-today">1<' in page
    assert f'data-live="mine:{bea.pk}"' in page


def test_the_numbers_come_alone_and_are_the_same(asked: Release, bea: User, otto: User, browser_of: Browser) -> None:
    fragment = browser_of(bea).get("/waiting/").content.decode()
    assert 'id="count-today">1<' in fragment and "<html" not in fragment
    assert 'id="count-today"></span>' in browser_of(otto).get("/waiting/").content.decode()


def test_more_releases_cost_no_more_queries(asked: Release, rhea: User, emil: User, browser_of: Browser) -> None:
    client = browser_of(rhea)

    def twice() -> int:
        client.get("/")
        return cost(lambda: client.get("/"))

    few = twice()
    for number in range(4):
        other = create_release(product=asked.product, name=f"Small {number}", actor=rhea, way_back="Off.")
        add_feature(release=other, name="One", owner=emil, actor=rhea, no_flag_reason="None needed.")
    assert client.get("/").content.decode().count("Small") >= 4
    assert twice() <= few


def test_another_product_chosen_hides_what_belongs_to_this_one(asked: Release, bea: User, browser_of: Browser) -> None:
    office = Product.objects.create(name="Back office", slug="back-office")
    office.roles.create(user=bea, kind="viewer")
    client = browser_of(bea)
    client.post("/look-at/", {"product": "back-office", "next": "/"})
    assert "Nothing waits for you" in client.get("/").content.decode()
    client.post("/look-at/", {"product": "storefront", "next": "/"})
    assert "1 thing waits for you;" in client.get("/").content.decode()


def test_a_change_of_the_record_shows_at_once(asked: Release, bea: User, quinn: User, browser_of: Browser) -> None:
    client = browser_of(bea)
    assert "1 thing waits for you;" in client.get("/").content.decode()
    sign(SignoffRequest.objects.get(release=asked, stage__name="Business"), bea)
    assert "waits for you;" not in client.get("/").content.decode().replace("Nothing waits for you;", "")


def test_thirty_releases_cost_the_first_look_no_more_than_twelve_and_none_is_forgotten(
    asked: Release, rhea: User, bea: User
) -> None:
    def first_look() -> tuple[int, list[Work]]:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            rows = list(work(bea, clock.now()))
        return len(queries), rows

    request = SignoffRequest.objects.get(release=asked, stage__name="Business")
    for number in range(30):
        if number == 12:
            few, rows = first_look()
            assert [row.title for row in rows if "more" in row.title] == ["1 more release may need you"]
        other = create_release(product=asked.product, name=f"Small {number}", actor=rhea)
        request.pk, request.release = None, other
        request.save(force_insert=True)
    many, rows = first_look()
    assert many <= few
    assert len([row for row in rows if row.title.startswith("Sign")]) == 12
    assert [row.title for row in rows if "more" in row.title] == ["19 more releases may need you"]
