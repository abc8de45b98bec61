"""The switch of products: it narrows what one sees, remembers only what one may see, and leads back."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from core import scope
from core.choices import RoleKind
from core.models import Environment, Product, User

BrowserOf = Callable[[User], Client]


@pytest.fixture
def office(rhea: User) -> Product:
    """A second product in which Rhea has a role."""
    product = Product.objects.create(name="Back office", slug="back-office")
    product.environments.create(name="production", slug="production", is_production=True)
    product.roles.create(user=rhea, kind=RoleKind.VIEWER)
    return product


def asked(client: Client, user: User) -> HttpRequest:
    """A request as the views of `client` see it."""
    request = RequestFactory().get("/")
    request.session = SessionStore(client.session.session_key)
    request.user = user
    return request


def look_at(client: Client, slug: str, back: str = "/flags/") -> int:
    answer = client.post("/look-at/", {"product": slug, "next": back})
    assert answer.status_code != 303 or answer["Location"] == back
    return answer.status_code


def test_choosing_narrows_lists_until_all_are_chosen_again(browser_of: BrowserOf, rhea: User, office: Product) -> None:
    client = browser_of(rhea)
    assert scope.chosen(asked(client, rhea)) is None
    assert look_at(client, "back-office") == 303
    request = asked(client, rhea)
    assert scope.chosen(request) == office
    assert {row.product for row in scope.narrow(request, Environment.objects.all())} == {office}
    page = client.get("/").content.decode()
    assert '<option value="back-office" selected>Back office</option>' in page
    assert look_at(client, "") == 303
    request = asked(client, rhea)
    assert scope.chosen(request) is None
    assert scope.narrow(request, Environment.objects.all()).count() == Environment.objects.count() == 3


@pytest.mark.parametrize("slug", ["back-office", "nothing", "1", "../..", "\x00"])
def test_nobody_chooses_what_they_may_not_see(browser_of: BrowserOf, rhea: User, otto: User, slug: str) -> None:
    client = browser_of(rhea)
    assert 400 <= look_at(client, slug) < 500
    assert scope.chosen(asked(client, rhea)) is None


def test_a_role_taken_away_shows_all_products_again(browser_of: BrowserOf, rhea: User, office: Product) -> None:
    client = browser_of(rhea)
    look_at(client, "back-office")
    office.roles.all().delete()
    assert scope.chosen(asked(client, rhea)) is None
    page = client.get("/").content.decode()
    assert "Back office" not in page


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""])
def test_it_leads_back_into_this_house_only(browser_of: BrowserOf, rhea: User, office: Product, back: str) -> None:
    answer = browser_of(rhea).post("/look-at/", {"product": "back-office", "next": back})
    assert (answer.status_code, answer["Location"]) == (303, "/")


def test_who_sees_one_product_reads_its_name_and_needs_no_switch(browser_of: BrowserOf, rhea: User) -> None:
    page = browser_of(rhea).get("/").content.decode()
    assert '<span class="switch switch--one">Storefront</span>' in page
    assert 'action="/look-at/"' not in page


def test_the_switch_costs_one_query_however_often_it_is_asked(rhea: User, office: Product) -> None:
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.user = rhea
    scope.choose(request, office)
    with CaptureQueriesContext(connection) as queries:
        assert {scope.chosen(request) for _ in range(3)} == {office}
        scope.narrow(request, Environment.objects.all())
    assert len(queries) == 1


def test_a_stranger_has_no_products() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    request.session = SessionStore()
    assert scope.products(request) == []
    assert scope.chosen(request) is None
