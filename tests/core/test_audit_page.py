"""The audit page: by day, under the names people use, of the product one looks at; and how far it is proven."""

from collections.abc import Callable

from django.db import transaction
from django.test import Client

from core import audit
from core.models import Product, User
from tests.queries import cost

Browser = Callable[[User], Client]


def note(product: Product, actor: User, reason: str) -> None:
    with transaction.atomic():
        audit.record(
            stream=f"product:{product.pk}",
            actor=actor,
            action="role_granted",
            subject="x:1",
            data={"person": actor.pk, "role": "x"},
            texts={"reason": reason},
        )


def second(rhea: User) -> Product:
    office = Product.objects.create(name="Back office", slug="back-office")
    office.roles.create(user=rhea, kind="viewer")
    return office


def test_entries_stand_under_their_day_and_the_name_of_what_they_are_about(
    storefront: Product, rhea: User, browser_of: Browser
) -> None:
    note(storefront, rhea, "because")
    page = browser_of(rhea).get("/audit/").content.decode()
    assert f'<a href="?stream=product%3A{storefront.pk}">Storefront</a>' in page
    assert page.count('scope="rowgroup"') == 1


def test_the_product_one_looks_at_narrows_the_record(storefront: Product, rhea: User, browser_of: Browser) -> None:
    office, client = second(rhea), browser_of(rhea)
    note(storefront, rhea, "one")
    note(office, rhea, "two")
    client.post("/look-at/", {"product": "back-office", "next": "/audit/"})
    page = client.get("/audit/").content.decode()
    assert f"product%3A{office.pk}" in page and f"product%3A{storefront.pk}" not in page
    client.post("/look-at/", {"product": "", "next": "/audit/"})
    page = client.get("/audit/").content.decode()
    assert f"product%3A{office.pk}" in page and f"product%3A{storefront.pk}" in page


def test_it_is_searched_by_the_words_it_shows(storefront: Product, rhea: User, browser_of: Browser) -> None:
    note(storefront, rhea, "because")
    client = browser_of(rhea)
    for words in (" made ", "role_granted", "role granted"):
        assert "Rhea Lind made Rhea Lind x" in client.get("/audit/", {"action": words}).content.decode(), words
    assert "Nothing fits." in client.get("/audit/", {"action": "rolled back"}).content.decode()


def test_verifying_says_how_far_each_stream_is_proven_with_and_without_htmx(
    storefront: Product, rhea: User, otto: User, browser_of: Browser
) -> None:
    note(storefront, rhea, "because")
    client = browser_of(rhea)
    whole = client.post(f"/audit/verify/?stream=product:{storefront.pk}").content.decode()
    assert "How far it is proven" in whole and "<html" in whole
    part = client.post("/audit/verify/", headers={"HX-Request": "true"}).content.decode()
    assert "How far it is proven" in part and "<html" not in part and "Storefront" in part
    assert "Storefront" not in browser_of(otto).post("/audit/verify/").content.decode()


def test_more_entries_cost_no_more_queries(storefront: Product, rhea: User, browser_of: Browser) -> None:
    client = browser_of(rhea)
    note(storefront, rhea, "one")
    few = cost(lambda: client.get("/audit/"))
    for number in range(5):
        note(storefront, rhea, str(number))
    assert cost(lambda: client.get("/audit/")) == few
