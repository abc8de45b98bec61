"""Today, the record's page, one's own page, and who may hear what."""

from collections.abc import Callable
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client
from pytest_django.fixtures import Settings

from core import audit, today, topics
from core.models import Product, User
from core.views.stream import _allowed
from tests.conftest import FreshDatabase

Browser = Callable[[User], Client]


def note(product: Product, actor: User, action: str = "noted", reason: str = "because") -> None:
    with transaction.atomic():
        audit.record(
            stream=f"product:{product.pk}", actor=actor, action=action, subject="x:1", texts={"reason": reason}
        )


def test_the_record_shows_only_what_one_may_see(
    storefront: Product, rhea: User, otto: User, browser_of: Browser
) -> None:
    note(storefront, rhea, action="a_secret_thing")
    assert "a secret thing" in browser_of(rhea).get("/audit/").text
    assert "a secret thing" not in browser_of(otto).get("/audit/").text
    assert "a secret thing" not in browser_of(otto).get(f"/audit/?stream=product:{storefront.pk}").text


def test_the_record_is_filtered_and_paged(storefront: Product, rhea: User, emil: User, browser_of: Browser) -> None:
    for _ in range(101):
        note(storefront, emil, action="a_small_thing")
    note(storefront, rhea, action="a_big_thing")
    browser = browser_of(rhea)
    assert "a big thing" in browser.get("/audit/").text
    assert "a big thing" not in browser.get("/audit/?person=emil").text
    assert "a small thing" not in browser.get("/audit/?action=big+thing").text
    first = browser.get("/audit/?person=emil").text
    assert first.count("a small thing") == 100
    older = first[first.index("?person=emil&amp;before=") :].split('"')[0].replace("&amp;", "&")
    assert browser.get(f"/audit/{older}").text.count("a small thing") == 1


def test_anybody_can_have_the_record_verified(storefront: Product, rhea: User, browser_of: Browser) -> None:
    note(storefront, rhea)
    answer = browser_of(rhea).post("/audit/verify/")
    assert answer.status_code == 200 and "<em>Whole:</em>" in answer.text
    assert browser_of(rhea).get("/audit/verify/").status_code == 405


def two_things(user: User, now: datetime) -> list[today.Work]:
    """A room with work, as `settings.TODAY` names them."""

    def thing(title: str, frees: int) -> today.Work:
        return today.Work(
            group="decision",
            title=title,
            why="It waits.",
            url="/x/",
            act="Look",
            tone="wait",
            icon="waiting",
            word="waiting",
            frees=frees,
        )

    return [thing("Small", 1), thing("Large", 3)]


def test_today_puts_first_what_frees_most(rhea: User, browser_of: Browser, settings: Settings) -> None:
    settings.TODAY = ["tests.core.test_pages.two_things"]
    text = browser_of(rhea).get("/").text
    assert text.index("Large") < text.index("Small")
    assert "2 things wait for you;" in text
    assert text.count("btn--primary") == 1


def test_an_empty_today_says_what_will_come(otto: User, browser_of: Browser) -> None:
    text = browser_of(otto).get("/").text
    assert "Nothing waits for you" in text and "Nothing to test." in text


def test_a_topic_is_heard_by_those_who_may_see_it(storefront: Product, rhea: User, otto: User) -> None:
    topic = f"product:{storefront.pk}"
    assert topics.may_watch(rhea, topic)
    assert not topics.may_watch(otto, topic)
    rhea.is_active = False
    assert not topics.may_watch(rhea, topic)


def test_an_open_stream_ends_with_the_session_the_role_and_the_account(
    fresh_db: FreshDatabase, storefront: Product, rhea: User, tomas: User, emil: User, browser_of: Browser
) -> None:
    """What a stream asks every half minute."""
    topic = f"product:{storefront.pk}"

    def key_of(user: User) -> str:
        return str(browser_of(user).session.session_key)

    rheas, tomass, emils = key_of(rhea), key_of(tomas), key_of(emil)
    for key in (rheas, tomass, emils):
        assert _allowed(key, [topic, "product:0"]) == [topic]
    Session.objects.filter(session_key=rheas).delete()
    tomas.roles.all().delete()
    emil.is_active = False
    emil.save()
    for key in (rheas, tomass, emils):
        assert _allowed(key, [topic]) == []
    bea = User.objects.create_user("changes@example.com", "old-password-77", name="Changes")
    bea.roles.create(product=storefront, kind="viewer")
    key = key_of(bea)
    bea.set_password("new-password-77")
    bea.save()
    assert _allowed(key, [topic]) == [], "another password ends other sessions"


def test_me_shows_ones_roles_and_saves(rhea: User, browser_of: Browser) -> None:
    browser = browser_of(rhea)
    assert "Release manager" in browser.get("/me/").text
    form = {"name": "Rhea L.", "timezone": "America/New_York", "theme": "light"}
    assert browser.post("/me/", form).status_code == 302
    rhea.refresh_from_db()
    assert (rhea.name, rhea.timezone) == ("Rhea L.", "America/New_York")
    assert "EST" in browser.get("/me/").text or "EDT" in browser.get("/me/").text


def test_a_panel_whose_session_ended_reloads_its_page(db: None, client: Client) -> None:
    answer = client.get("/releases/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["HX-Refresh"] == "true"
    assert client.get("/releases/").status_code == 302
