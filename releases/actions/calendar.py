"""Freezes: product-wide facts, so they take the product's lock alone; nobody grows meanwhile."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from core import audit, clock, locks
from core.access import require
from core.errors import Conflict, Refused
from core.models import Product, User
from core.rows import insert
from releases.actions.common import announce
from releases.actions.releases import MANAGERS
from releases.models import Freeze, Release


@transaction.atomic
def add_freeze(*, product: Product, reason: str, starts_at: datetime, ends_at: datetime, actor: User) -> Freeze:
    """Nothing of `product` grows from `starts_at` until `ends_at`. Raises Forbidden, Refused."""
    locks.product_exclusive(product.pk)
    require(actor, product, *MANAGERS)
    now = clock.now()
    for field, at in (("starts_at", starts_at), ("ends_at", ends_at)):
        if at.tzinfo is None:
            raise Refused("Name the time zone.", field=field)
        if abs(at - now) > clock.FARTHEST:
            raise Refused("A freeze lies within a hundred years of today.", field=field)
    if ends_at <= starts_at:
        raise Refused("A freeze ends after it starts.", field="ends_at")
    freeze = Freeze(product=product, reason=reason.strip(), starts_at=starts_at, ends_at=ends_at, created_by=actor)
    insert(freeze, taken="This freeze cannot be written.", field="reason")
    _record(freeze, actor, "freeze_added")
    return freeze


@transaction.atomic
def lift_freeze(*, freeze: Freeze, actor: User) -> Freeze:
    """End it now. Raises Forbidden, Conflict if it was lifted already."""
    locks.product_exclusive(freeze.product_id)
    require(actor, freeze.product, *MANAGERS)
    now = clock.now()
    if not Freeze.objects.filter(pk=freeze.pk, lifted_at=None).update(lifted_at=now):
        raise Conflict("This freeze was lifted already.")
    freeze.lifted_at = now
    _record(freeze, actor, "freeze_lifted")
    return freeze


def _record(freeze: Freeze, actor: User, action: str) -> None:
    audit.record(
        stream=f"product:{freeze.product_id}",
        actor=actor,
        action=action,
        subject=f"freeze:{freeze.pk}",
        data={"starts_at": freeze.starts_at.isoformat(), "ends_at": freeze.ends_at.isoformat()},
        texts={"reason": freeze.reason},
    )
    touched = Release.objects.unfinished().filter(
        Q(candidates__product=freeze.product_id) | Q(product=freeze.product_id)
    )
    announce((release.subject for release in touched.distinct()), action)
