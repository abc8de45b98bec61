"""Flag keys on the product's page."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client

from core import clock
from core.models import AuditEntry, Environment, Product, User
from flags.models import FlagKey

Browser = Callable[[User], Client]
PAGE = "/products/storefront/"


def test_a_key_is_shown_this_once_and_can_be_revoked(
    storefront: Product, production: Environment, emil: User, browser_of: Browser
) -> None:
    browser = browser_of(emil)
    given = {"name": "checkout", "environment": production.pk, "kind": "server"}
    answer = browser.post(f"{PAGE}flag-keys/", given)
    assert answer.status_code == 201 and answer.headers["Cache-Control"] == "no-store"
    text = answer.text[answer.text.index("slf_s_") :].split('"')[0]
    key = FlagKey.objects.get()
    assert FlagKey.hash(text) == key.digest
    assert browser.post(f"{PAGE}flag-keys/", given).status_code == 409, "sent twice it is one key"
    page = browser.get(PAGE).text
    assert text not in page and key.prefix in page
    assert browser.post(f"{PAGE}flag-keys/{key.pk}/revoke/").status_code == 303
    key.refresh_from_db()
    assert key.revoked_at and key.prefix not in browser.get(PAGE).text
    assert browser.post(f"{PAGE}flag-keys/", given).status_code == 201, "its name is free again"


def test_p12_keys_that_do_not_fit_are_not_issued(
    storefront: Product, production: Environment, emil: User, bea: User, otto: User, browser_of: Browser
) -> None:
    given = {"name": "checkout", "environment": production.pk, "kind": "server"}
    place = otto.roles.get().product.environments.create(name="production", slug="production")
    for wrong in (
        {"name": ""},
        {"name": "x" * 81},
        {"kind": "master"},
        {"environment": place.pk},
        {"environment": "x"},
    ):
        answer = browser_of(emil).post(f"{PAGE}flag-keys/", {**given, **wrong})
        assert answer.status_code == 422 and "field__error" in answer.text, wrong
    assert browser_of(bea).post(f"{PAGE}flag-keys/", given).status_code == 403
    assert browser_of(otto).post(f"{PAGE}flag-keys/", given).status_code == 404
    assert not FlagKey.objects.exists() and not AuditEntry.objects.exists()


def test_a_key_is_replaced_and_the_old_one_says_when_it_was_used(
    storefront: Product, production: Environment, emil: User, bea: User, browser_of: Browser
) -> None:
    browser = browser_of(emil)
    given = {"name": "web", "environment": production.pk, "kind": "client", "rate": 50}
    assert browser.post(f"{PAGE}flag-keys/", {**given, "origins": "shop"}).status_code == 422
    browser.post(f"{PAGE}flag-keys/", {**given, "origins": "https://shop.example\nhttps://b.example"})
    old = FlagKey.objects.get()
    page = browser.get(PAGE).text
    assert "never used" in page and "https://shop.example, https://b.example" in page and "50 requests a second" in page
    opened = browser.get(f"{PAGE}?open=flag-key-{old.pk}").text
    assert f"{PAGE}flag-keys/{old.pk}/replace/" in opened and 'name="overlap"' in opened
    replace = f"{PAGE}flag-keys/{old.pk}/replace/"
    assert browser.post(replace, {"overlap": "2"}).status_code == 422
    assert browser_of(bea).post(replace, {"overlap": "24"}).status_code == 403
    assert FlagKey.objects.count() == 1
    answer = browser.post(replace, {"overlap": "24"})
    assert answer.status_code == 201 and "slf_c_" in answer.text and answer.headers["Cache-Control"] == "no-store"
    FlagKey.objects.filter(pk=old.pk).update(last_used_at=clock.now() - timedelta(minutes=3))
    page = browser.get(PAGE).text
    assert (
        "3 min ago" in page.replace("\xa0", " ")
        and "being replaced, opens until" in page
        and page.count(f"{PAGE}flag-keys/") == 2
    )
    assert browser.post(replace, {"overlap": "24"}).status_code == 409
