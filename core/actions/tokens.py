"""Keys to the API. Each acts as one account, so nobody issues one in another person's name."""

import secrets

from django.db import transaction

from core import audit, clock, locks
from core.access import require
from core.actions.common import administers, own, record_about
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import ApiToken, Product, User


@transaction.atomic
def issue_token(*, product: Product, name: str, actor: User, user: User | None = None) -> tuple[ApiToken, str]:
    """A token that acts as `user` in `product`, and its key, which nobody can read again. Without a user it acts as a
    pipeline of its own, made here: an engineer who cannot sign in.

    Engineers issue them for themselves, owners also for pipelines. Raises Forbidden, Refused, and Conflict where a
    living token has this name (so that a form sent twice is one token).
    """
    locks.product_exclusive(product.pk)
    name = name.strip()
    if not 0 < len(name) <= 80:
        raise Refused("A token needs a name of at most 80 characters: who will use it?", field="name")
    if product.api_tokens.filter(name=name, revoked_at=None).exists():
        raise Conflict("A token of this name is in use; revoke it first, or say another.", field="name")
    if user is None:
        user = _pipeline(product, name, actor)
    _may_lend(user, product, actor)
    token, key = ApiToken.issue(user=user, product=product, name=name)
    _record(token, actor, "token_issued")
    return token, key


@transaction.atomic
def revoke_token(*, token: ApiToken, actor: User) -> ApiToken:
    """It opens nothing from now on; revoking twice is harmless. Raises Forbidden unless it is one's own, or one
    owns the product or administers the site.
    """
    if token.user_id != actor.pk:
        own(token.product, actor)
    row = ApiToken.objects.select_for_update(of=("self",)).get(pk=token.pk)
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        row.save(update_fields=["revoked_at"])
        _record(row, actor, "token_revoked")
    return row


def _pipeline(product: Product, name: str, actor: User) -> User:
    own(product, actor)
    address = f"pipeline-{secrets.token_hex(6)}@{product.slug}.invalid"
    user = User.objects.create_user(address, None, name=name, is_service=True)
    user.roles.create(product=product, kind=RoleKind.ENGINEER)
    role = {"kind": RoleKind.ENGINEER.value, "role": RoleKind.ENGINEER.label.lower()}
    record_about(product, actor, "role_granted", user, {**role})
    return user


def _may_lend(user: User, product: Product, actor: User) -> None:
    if not user.has_role(product):
        raise Refused(f"{user} has no role in {product}.", field="user")
    if administers(actor):
        return
    require(actor, product, RoleKind.ENGINEER, RoleKind.OWNER)
    if user.pk == actor.pk:
        return
    if not user.is_service:
        raise Forbidden("A token acts as its account: nobody issues one in another person's name.", field="user")
    require(actor, product, RoleKind.OWNER)


def _record(token: ApiToken, actor: User, action: str) -> None:
    audit.record(
        stream=f"product:{token.product_id}",
        actor=actor,
        action=action,
        subject=f"apitoken:{token.pk}",
        data={"id": token.pk, "prefix": token.prefix},
        texts={"name": token.name},
    )
