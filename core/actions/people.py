"""Who may act in a product. Roles decide who may sign and press, so they change under the product's exclusive lock:
nobody's exposure grows meanwhile.
"""

import secrets

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.urls import reverse

from core import notify
from core.actions.common import not_oneself, own, record_about
from core.choices import RoleKind
from core.errors import Conflict, Refused
from core.models import Product, Role, User
from core.rows import insert


@transaction.atomic
def grant_role(*, user: User, product: Product, kind: RoleKind, actor: User) -> Role:
    """Let `user` act as `kind` in `product`. Raises Forbidden unless `actor` owns it or administers the site, and for
    oneself; Conflict where it is so already.
    """
    own(product, actor)
    not_oneself(user, actor)
    role, fresh = Role.objects.get_or_create(user=user, product=product, kind=kind)
    if not fresh:
        raise Conflict(f"{user} is {kind.label.lower()} of {product} already.", field="kind")
    record_about(product, actor, "role_granted", user, {"kind": kind.value, "role": kind.label.lower()})
    return role


@transaction.atomic
def revoke_role(*, role: Role, actor: User) -> None:
    """Raises Forbidden unless `actor` owns the product or administers the site, Conflict where it is gone already or
    nobody else owns the product.
    """
    product = role.product
    own(product, actor)
    if role.kind == RoleKind.OWNER and not _other_owners(role):
        raise Conflict(f"{product} needs an owner: make somebody else one first.")
    if not Role.objects.filter(pk=role.pk).delete()[0]:
        raise Conflict("This role was taken back already.")
    record_about(
        product, actor, "role_revoked", role.user, {"kind": role.kind, "role": role.get_kind_display().lower()}
    )


@transaction.atomic
def add_person(*, product: Product, email: str, kind: RoleKind, actor: User, name: str = "") -> tuple[User, bool]:
    """Bring somebody into `product` by their address: them and whether they are new here. Whoever is new gets an
    account whose password nobody knows; the mail leads to the page where they set one.

    Raises Forbidden, Conflict as `grant_role` does, and Refused naming the field.
    """
    email, secret = email.strip().lower(), make_password(secrets.token_urlsafe(32))
    own(product, actor)
    user = User.objects.filter(email=email).first()
    fresh = user is None
    if user is None:
        user = User(email=email, name=name.strip(), timezone=product.timezone, password=secret)
        if not user.name:
            raise Refused("Nobody here has this address: say the name too.", field="name")
        insert(user, taken="Somebody has this address since just now; try again.", field="email")
    if not user.is_active or user.is_service:
        raise Refused("This account is closed, or a pipeline's. Ask who administers this site.", field="email")
    role = grant_role(user=user, product=product, kind=kind, actor=actor)
    notify.tell(
        recipients=[user],
        kind="joined",
        subject_key=f"product:{product.pk}",
        dedupe=f"joined:{role.pk}",
        subject=f"{actor} made you {kind.label.lower()} of {product}",
        context={
            "product": product,
            "actor": actor,
            "role": kind.label.lower(),
            "fresh": fresh,
            "url": reverse("password_reset" if fresh else "today"),
        },
    )
    return user, fresh


def _other_owners(role: Role) -> bool:
    """Whether somebody else who can sign in owns it: a pipeline cannot."""
    owners = Role.objects.filter(product=role.product_id, kind=RoleKind.OWNER)
    return owners.filter(user__is_active=True, user__is_service=False).exclude(pk=role.pk).exists()
