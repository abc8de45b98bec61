"""The fixed cast of every test, and the product they work on. Import into `tests/conftest.py` with a star."""

from collections.abc import Callable

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from core.choices import RoleKind
from core.models import Environment, Product, Team, User

PASSWORD = "down-the-slipway-42"
CAST: dict[str, tuple[str, RoleKind, str]] = {
    "rhea": ("Rhea Lind", RoleKind.RELEASE_MANAGER, ""),
    "tomas": ("Tomas Weber", RoleKind.TESTER, ""),
    "bea": ("Bea Okafor", RoleKind.APPROVER, "Business"),
    "quinn": ("Quinn Hale", RoleKind.APPROVER, "QA"),
    "ines": ("Ines Duarte", RoleKind.APPROVER, "Compliance"),
    "emil": ("Emil Sand", RoleKind.ENGINEER, ""),
}
OTTO = ("Otto Kern", RoleKind.RELEASE_MANAGER, "")

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
    return open_storefront()


def open_storefront() -> Product:
    product = Product.objects.create(name="Storefront", slug="storefront", timezone="Europe/Berlin")
    product.environments.create(name="staging", slug="staging", order=1)
    product.environments.create(name="production", slug="production", order=2, is_production=True)
    for name in ("Business", "QA", "Compliance"):
        product.teams.create(name=name)
    return product


def open_back_office() -> Product:
    """Another product, of which nobody of Storefront knows anything."""
    return Product.objects.create(name="Back office", slug="back-office")


@pytest.fixture
def staging(storefront: Product) -> Environment:
    return storefront.environments.get(slug="staging")


@pytest.fixture
def production(storefront: Product) -> Environment:
    return storefront.environments.get(slug="production")


def enter(product: Product, name: str, kind: RoleKind, team: str = "") -> User:
    """A new person, who can sign in with PASSWORD."""
    address = f"{name.split()[0].lower()}@example.com"
    user = User.objects.create_user(address, PASSWORD, name=name, timezone="Europe/Berlin")
    user.roles.create(product=product, kind=kind)
    if team:
        Team.objects.get(product=product, name=team).members.add(user)
    return user


@pytest.fixture
def rhea(storefront: Product) -> User:
    """Release manager."""
    return enter(storefront, *CAST["rhea"])


@pytest.fixture
def tomas(storefront: Product) -> User:
    """Tester."""
    return enter(storefront, *CAST["tomas"])


@pytest.fixture
def bea(storefront: Product) -> User:
    """Business owner: approver in team Business."""
    return enter(storefront, *CAST["bea"])


@pytest.fixture
def quinn(storefront: Product) -> User:
    """QA lead: approver in team QA."""
    return enter(storefront, *CAST["quinn"])


@pytest.fixture
def ines(storefront: Product) -> User:
    """Compliance: approver in team Compliance."""
    return enter(storefront, *CAST["ines"])


@pytest.fixture
def emil(storefront: Product) -> User:
    """Engineer."""
    return enter(storefront, *CAST["emil"])


@pytest.fixture
def otto(some_database: None) -> User:
    """The outsider: release manager of another product, who must see nothing of this one."""
    return enter(open_back_office(), *OTTO)


def assemble() -> dict[str, User]:
    """Everybody at once, by first name; for tests that share one database."""
    storefront = open_storefront()
    people = {key: enter(storefront, *who) for key, who in CAST.items()}
    return {**people, "otto": enter(open_back_office(), *OTTO)}


def session_of(user: User) -> dict[str, str]:
    """The cookie of a signed-in browser, in this database."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return {"sessionid": str(session.session_key)}


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    """`browser_of(rhea)` is a signed-in client."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
