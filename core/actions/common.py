"""What these actions share: the product's exclusive lock, and who may."""

from core import audit, locks
from core.access import require
from core.choices import RoleKind
from core.errors import Forbidden
from core.models import Product, User


def own(product: Product, actor: User) -> None:
    """Hold the product still, for somebody who owns it or administers the site. Raises Forbidden."""
    locks.product_exclusive(product.pk)
    if not administers(actor):
        require(actor, product, RoleKind.OWNER)


def administers(actor: User) -> bool:
    return actor.is_active and actor.is_superuser


def not_oneself(user: User, actor: User) -> None:
    """Raises Forbidden where `actor` would give themselves more than they have."""
    if user.pk == actor.pk and not administers(actor):
        raise Forbidden("Nobody gives themselves more rights; another owner can.")


def record_about(product: Product, actor: User, action: str, user: User, data: dict[str, object]) -> None:
    """An entry in the product's stream that tells of a person."""
    audit.record(
        stream=f"product:{product.pk}",
        actor=actor,
        action=action,
        subject=f"person:{user.pk}",
        data={"person": user.pk, **data},
    )
