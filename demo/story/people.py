"""Who takes part: the people of Storefront and Loyalty, their roles and teams, each with a password of their own."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core import actions
from core.choices import RoleKind
from core.models import Product, User

STOREFRONT, LOYALTY = "storefront", "loyalty"


@dataclass(frozen=True)
class Part:
    """What one person is in one product."""

    product: str
    kinds: tuple[RoleKind, ...]
    team: str = ""


@dataclass(frozen=True)
class Person:
    """`says` is how the printed list introduces them."""

    key: str
    name: str
    says: str
    parts: Sequence[Part]


CAST = (
    Person(
        "mara",
        "Mara Voss",
        "product owner, may enter /admin/",
        (Part(STOREFRONT, (RoleKind.OWNER,)), Part(LOYALTY, (RoleKind.OWNER,))),
    ),
    Person(
        "rhea",
        "Rhea Lind",
        "release manager",
        (Part(STOREFRONT, (RoleKind.RELEASE_MANAGER,)), Part(LOYALTY, (RoleKind.VIEWER,))),
    ),
    Person(
        "bea",
        "Bea Okafor",
        "business owner, signs for Business",
        (Part(STOREFRONT, (RoleKind.APPROVER,), "Business"), Part(LOYALTY, (RoleKind.APPROVER,), "Business")),
    ),
    Person("quinn", "Quinn Hale", "QA lead, signs for QA", (Part(STOREFRONT, (RoleKind.APPROVER,), "QA"),)),
    Person("tomas", "Tomas Weber", "tester", (Part(STOREFRONT, (RoleKind.TESTER,)),)),
    Person("tara", "Tara Novak", "tester", (Part(STOREFRONT, (RoleKind.TESTER,)),)),
    Person(
        "emil",
        "Emil Sand",
        "engineer; his pipeline has an API token",
        (Part(STOREFRONT, (RoleKind.ENGINEER,)), Part(LOYALTY, (RoleKind.ENGINEER,))),
    ),
    Person("ines", "Ines Duarte", "compliance, reads along", (Part(STOREFRONT, (RoleKind.APPROVER,), "Compliance"),)),
    Person("otto", "Otto Kern", "release manager of Loyalty only", (Part(LOYALTY, (RoleKind.RELEASE_MANAGER,)),)),
)
TEAMS = {STOREFRONT: ("Business", "QA", "Compliance"), LOYALTY: ("Business",)}


def products() -> dict[str, Product]:
    """Both products with their environments and teams; nobody is in them yet."""
    made = {}
    for slug, name in ((STOREFRONT, "Storefront"), (LOYALTY, "Loyalty")):
        product = Product.objects.create(name=name, slug=slug, timezone="Europe/Berlin")
        product.environments.create(name="Staging", slug="staging", order=1)
        product.environments.create(name="Production", slug="production", order=2, is_production=True)
        for team in TEAMS[slug]:
            product.teams.create(name=team)
        made[slug] = product
    return made


def enter(made: Mapping[str, Product]) -> tuple[dict[str, User], list[dict[str, str]]]:
    """Everybody, by key; and what the printed list says of them, passwords included."""
    users, printed = {}, []
    for person in CAST:
        password = f"{person.key}-{secrets.token_hex(4)}"
        fields = {"name": person.name, "timezone": "Europe/Berlin"}
        create = User.objects.create_superuser if person.key == "mara" else User.objects.create_user
        users[person.key] = create(f"{person.key}@example.com", password, **fields)
        email = users[person.key].email
        printed.append(
            {"key": person.key, "name": person.name, "email": email, "password": password, "role": person.says}
        )
    for person in CAST:
        for part in person.parts:
            _take_part(users[person.key], made[part.product], part, users["mara"])
    return users, printed


def _take_part(user: User, product: Product, part: Part, owner: User) -> None:
    for kind in part.kinds:
        actions.grant_role(user=user, product=product, kind=kind, actor=owner)
    if part.team:
        actions.join_team(user=user, team=product.teams.get(name=part.team), actor=owner)
