"""What a product is: its name, its zone, and the places where it runs."""

import zoneinfo

from django.db import transaction
from django.utils.text import slugify

from core import audit
from core.actions.common import own
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import Environment, Product, Role, User
from core.rows import insert


@transaction.atomic
def create_product(*, name: str, slug: str, timezone: str, actor: User) -> Product:
    """A product with a staging and a production, owned by `actor`. Raises Forbidden unless `actor` administers the
    site, Refused, Conflict naming what is taken.
    """
    if not may_create(actor):
        raise Forbidden("Only who administers this site opens a product.")
    product = Product(name=name.strip(), slug=slug.strip(), timezone=_zone(timezone))
    if Product.objects.filter(name=product.name).exists():
        raise Conflict("There is a product of this name.", field="name")
    insert(product, taken="There is a product at this address.", field="slug")
    product.environments.create(name="Staging", slug="staging", order=1)
    product.environments.create(name="Production", slug="production", order=2, is_production=True)
    Role.objects.create(user=actor, product=product, kind=RoleKind.OWNER)
    _record(product, actor, "product_created", {"name": product.name, "timezone": product.timezone})
    return product


def may_create(actor: User) -> bool:
    return actor.is_active and (actor.is_staff or actor.is_superuser)


@transaction.atomic
def change_product(*, product: Product, name: str, timezone: str, actor: User) -> Product:
    """Another name or zone; addresses keep the slug. Raises Forbidden, Refused, Conflict for a name that is taken."""
    own(product, actor)
    product = Product.objects.get(pk=product.pk)
    product.name, product.timezone = name.strip(), _zone(timezone)
    insert(product, taken="There is a product of this name.", field="name")
    _record(product, actor, "product_changed", {"name": product.name, "timezone": product.timezone})
    return product


@transaction.atomic
def add_environment(*, product: Product, name: str, actor: User) -> Environment:
    """A place beside production; there is one production, and it stays. Raises Forbidden, Refused, Conflict."""
    own(product, actor)
    environment = Environment(product=product, name=name.strip(), slug=slugify(name)[:50])
    if not environment.slug:
        raise Refused("A name has letters or digits: it becomes part of addresses.", field="name")
    environment.order = product.environments.filter(is_production=False).count() + 1
    product.environments.filter(is_production=True, order__lte=environment.order).update(order=environment.order + 1)
    insert(environment, taken=f"{product} has an environment of this name.", field="name")
    _record(product, actor, "environment_added", {"environment": environment.slug})
    return environment


def _zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise Refused("There is no such time zone.", field="timezone")
    return name


def _record(product: Product, actor: User, action: str, data: dict[str, str]) -> None:
    subject = f"product:{product.pk}"
    audit.record(stream=subject, actor=actor, action=action, subject=subject, data=data)
