"""The fixed cast of every test, and the product they work on. Import into `tests/conftest.py` with a star."""

from collections.abc import Callable

import pytest
from django.test import Client

from core.choices import RoleKind
from core.models import Environment, Product, Team, User

PASSWORD = "down-the-slipway-42"

__all__ = [
    "bea",
    "browser_of",
    "emil",
    "ines",
    "otto",
    "production",
    "quinn",
    "rhea",
    "some_database",
    "staging",
    "storefront",
    "tomas",
]


@pytest.fixture
def some_database(request: pytest.FixtureRequest) -> None:
    """The database of this test: its own where it asks for `fresh_db`, otherwise the usual one."""
    fresh = "fresh_db" in request.fixturenames or request.node.get_closest_marker("fresh_db")
    request.getfixturevalue("fresh_db" if fresh else "db")


@pytest.fixture
def storefront(some_database: None) -> Product:
    """The product, with staging, production and the teams Business, QA and Compliance."""
    product = Product.objects.create(name="Storefront", slug="storefront", timezone="Europe/Berlin")
    product.environments.create(name="staging", slug="staging", order=1)
    product.environments.create(name="production", slug="production", order=2, is_production=True)
    for name in ("Business", "QA", "Compliance"):
        product.teams.create(name=name)
    return product


@pytest.fixture
def staging(storefront: Product) -> Environment:
    return storefront.environments.get(slug="staging")


@pytest.fixture
def production(storefront: Product) -> Environment:
    return storefront.environments.get(slug="production")


def _person(product: Product, name: str, kind: RoleKind, team: str = "") -> User:
    address = f"{name.split()[0].lower()}@example.com"
    user = User.objects.create_user(address, PASSWORD, name=name, timezone="Europe/Berlin")
    user.roles.create(product=product, kind=kind)
    if team:
        Team.objects.get(product=product, name=team).members.add(user)
    return user


@pytest.fixture
def rhea(storefront: Product) -> User:
    """Release manager."""
    return _person(storefront, "Rhea Lind", RoleKind.RELEASE_MANAGER)


@pytest.fixture
def tomas(storefront: Product) -> User:
    """Tester."""
    return _person(storefront, "Tomas Weber", RoleKind.TESTER)


@pytest.fixture
def bea(storefront: Product) -> User:
    """Business owner: approver in team Business."""
    return _person(storefront, "Bea Okafor", RoleKind.APPROVER, "Business")


@pytest.fixture
def quinn(storefront: Product) -> User:
    """QA lead: approver in team QA."""
    return _person(storefront, "Quinn Hale", RoleKind.APPROVER, "QA")


@pytest.fixture
def ines(storefront: Product) -> User:
    """Compliance: approver in team Compliance."""
    return _person(storefront, "Ines Duarte", RoleKind.APPROVER, "Compliance")


@pytest.fixture
def emil(storefront: Product) -> User:
    """Engineer."""
    return _person(storefront, "Emil Sand", RoleKind.ENGINEER)


@pytest.fixture
def otto(some_database: None) -> User:
    """The outsider: release manager of another product, who must see nothing of this one."""
    return _person(
        Product.objects.create(name="Back office", slug="back-office"), "Otto Kern", RoleKind.RELEASE_MANAGER
    )


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    """`browser_of(rhea)` is a signed-in client."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
