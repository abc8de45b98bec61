"""In which product something new is made: it stays there for ever, so nobody chooses it unawares."""

from collections.abc import Callable

import pytest
from django.test import Client

from core.choices import RoleKind
from core.models import Product, User

BrowserOf = Callable[[User], Client]
FORMS = pytest.mark.parametrize("form", ["/flags/new/", "/flags/new-segment/"])


@pytest.fixture
def office(emil: User) -> Product:
    """A second product, in which Emil may make flags too."""
    product = Product.objects.create(name="Back office", slug="back-office")
    product.roles.create(user=emil, kind=RoleKind.ENGINEER)
    return product


@FORMS
def test_of_several_products_none_is_chosen_beforehand(
    form: str, office: Product, emil: User, browser_of: BrowserOf
) -> None:
    page = browser_of(emil).get(form).content.decode()
    assert '<option value="" selected>Choose a product</option>' in page
    said = {"key": "k", "name": "N", "kind": "release", "when-attribute": "a", "when-op": "equals", "when-value": "b"}
    assert browser_of(emil).post(form, said).status_code == 422


@FORMS
def test_the_product_that_is_looked_at_is_the_one(
    form: str, office: Product, emil: User, browser_of: BrowserOf
) -> None:
    emils = browser_of(emil)
    emils.post("/look-at/", {"product": "back-office", "next": "/"})
    assert f'<option value="{office.pk}" selected>Back office</option>' in emils.get(form).content.decode()


@FORMS
def test_where_there_is_one_product_nobody_is_asked(form: str, emil: User, browser_of: BrowserOf) -> None:
    assert "Choose a product" not in browser_of(emil).get(form).content.decode()


@pytest.mark.parametrize(("path", "word", "form"), [
    ("/flags/", "New flag", "/flags/new/"),
    ("/flags/segments/", "New segment", "/flags/new-segment/"),
])  # fmt: skip
def test_who_may_make_nothing_is_offered_nothing(
    path: str, word: str, form: str, tomas: User, emil: User, browser_of: BrowserOf
) -> None:
    assert word in browser_of(emil).get(path).content.decode()
    assert word not in browser_of(tomas).get(path).content.decode()
    assert browser_of(tomas).get(form).status_code == 403
