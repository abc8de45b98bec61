"""Slots and freezes on the product's page."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from core.models import AuditEntry, Environment, Product, User
from releases.models import Freeze, Slot
from releases.rules.calendar import on_the_wall

Browser = Callable[[User], Client]
PAGE = "/products/storefront/"


@pytest.mark.parametrize(
    ("said", "zone", "meant"),
    [
        ("2026-12-24T18:00", "Europe/Berlin", "2026-12-24T17:00"),
        ("2026-12-24T18:00", "America/New_York", "2026-12-24T23:00"),
        ("2027-03-28T02:30", "Europe/Berlin", "2027-03-28T01:00"),  # does not exist: 03:00 is the next that does
        ("2027-03-28T02:00", "Europe/Berlin", "2027-03-28T01:00"),
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30"),  # comes twice: the first
        ("2011-12-30T10:00", "Pacific/Apia", "2011-12-30T10:00"),  # a day that was left out
    ],
)
def test_a_time_on_the_wall_means_one_moment(said: str, zone: str, meant: str) -> None:
    moment = on_the_wall(datetime.fromisoformat(said), ZoneInfo(zone))
    assert moment.astimezone(UTC).replace(tzinfo=None) == datetime.fromisoformat(meant)


def test_a_freeze_is_set_in_the_zone_that_was_named_and_lifted(
    storefront: Product, rhea: User, browser_of: Browser
) -> None:
    browser = browser_of(rhea)
    given = {"reason": "Christmas", "starts_at": "2099-12-24T18:00", "ends_at": "2099-12-27T08:00"}
    assert browser.post(f"{PAGE}freezes/", {**given, "zone": "America/New_York"}).status_code == 303
    freeze = Freeze.objects.get()
    assert freeze.starts_at == datetime(2099, 12, 24, 23, tzinfo=UTC)
    text = browser.get(PAGE).text
    assert "Christmas" in text and "planned" in text and "Fri 25 Dec 2099 00:00" in text
    assert browser.post(f"{PAGE}freezes/{freeze.pk}/lift/").status_code == 303
    assert "Christmas" not in browser.get(PAGE).text
    assert browser.post(f"{PAGE}freezes/{freeze.pk}/lift/").status_code == 409


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reason": ""}, "This field is required."),
        ({"reason": "x" * 201}, "at most 200 characters"),
        ({"starts_at": "Christmas"}, "Say a date and a time"),
        ({"ends_at": ""}, "This field is required."),
        ({"ends_at": "2099-12-24T18:00"}, "A freeze ends after it starts."),
        ({"starts_at": "2098-12-24T18:00+05:00"}, "Without an offset"),
        ({"ends_at": "9999-12-31T23:59"}, "within a hundred years"),
        ({"starts_at": "0002-01-01T00:00"}, "within a hundred years"),
        ({"ends_at": "2026-13-41T18:00"}, "Say a date and a time"),
        ({"zone": "Mars/Olympus"}, "Select a valid choice."),
    ],
)
def test_p12_a_freeze_that_does_not_fit_is_not_set(
    storefront: Product, rhea: User, browser_of: Browser, wrong: dict[str, str], said: str
) -> None:
    given = {
        "reason": "Christmas",
        "starts_at": "2099-12-24T18:00",
        "ends_at": "2099-12-27T08:00",
        "zone": "Europe/Berlin",
    }
    answer = browser_of(rhea).post(f"{PAGE}freezes/", {**given, **wrong})
    assert answer.status_code == 422 and said in answer.text
    assert 'value="2099-12-24T18:00"' in answer.text or "starts_at" in wrong, "what was typed stays"
    assert not Freeze.objects.exists() and not AuditEntry.objects.exists()


def test_slots_are_set_by_who_runs_them(
    storefront: Product, staging: Environment, emil: User, rhea: User, browser_of: Browser
) -> None:
    given = {"environment": staging.pk, "name": "blue", "version_url": "https://blue.example/version"}
    assert browser_of(rhea).post(f"{PAGE}slots/", given).status_code == 403
    browser = browser_of(emil)
    assert browser.post(f"{PAGE}slots/", given).status_code == 303
    slot = Slot.objects.get()
    for wrong in (
        given,
        {**given, "name": "no slug"},
        {**given, "environment": "0"},
        {**given, "version_url": "nowhere"},
    ):
        answer = browser.post(f"{PAGE}slots/", wrong)
        assert answer.status_code in {409, 422} and "field__error" in answer.text
    assert browser.post(f"{PAGE}slots/{slot.pk}/", {"version_url": "nowhere"}).status_code == 422
    assert browser.post(f"{PAGE}slots/{slot.pk}/", {"version_url": "https://b.example/v"}).status_code == 303
    slot.refresh_from_db()
    assert slot.version_url == "https://b.example/v" and Slot.objects.count() == 1
    assert "no answer" in browser.get(PAGE).text


def test_another_products_slots_and_freezes_are_not_reached(
    storefront: Product, rhea: User, emil: User, otto: User, browser_of: Browser
) -> None:
    other = otto.roles.get().product
    place = other.environments.create(name="staging", slug="staging")
    slot = Slot.objects.create(environment=place, name="blue")
    now = datetime(2099, 1, 1, tzinfo=UTC)
    freeze = Freeze.objects.create(
        product=other, reason="x", starts_at=now, ends_at=now.replace(month=2), created_by=otto
    )
    assert browser_of(emil).post(f"{PAGE}slots/{slot.pk}/", {"version_url": ""}).status_code == 404
    assert browser_of(rhea).post(f"{PAGE}freezes/{freeze.pk}/lift/").status_code == 404
    answer = browser_of(emil).post(f"{PAGE}slots/", {"environment": place.pk, "name": "green"})
    assert answer.status_code == 422 and Slot.objects.count() == 1
