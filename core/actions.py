"""Who belongs to a product. Roles and teams decide who may sign and press, so they change under the product's exclusive
lock: nobody's exposure grows meanwhile.
"""

from django.db import transaction

from core import audit, locks
from core.access import require
from core.choices import RoleKind
from core.errors import Conflict
from core.models import Product, Role, Team, User


@transaction.atomic
def grant_role(*, user: User, product: Product, kind: RoleKind, actor: User) -> Role:
    """Let `user` act as `kind` in `product`. Raises Forbidden unless `actor` owns it or administers the site, Conflict
    where it is so already.
    """
    _may_change(product, actor)
    role, fresh = Role.objects.get_or_create(user=user, product=product, kind=kind)
    if not fresh:
        raise Conflict(f"{user} is {kind.label.lower()} of {product} already.")
    _record(product, actor, "role_granted", user, {"kind": kind.value, "role": kind.label.lower()})
    return role


@transaction.atomic
def revoke_role(*, role: Role, actor: User) -> None:
    """Raises Forbidden as above, Conflict where it is gone already."""
    _may_change(role.product, actor)
    if not Role.objects.filter(pk=role.pk).delete()[0]:
        raise Conflict("This role was taken back already.")
    _record(
        role.product, actor, "role_revoked", role.user, {"kind": role.kind, "role": role.get_kind_display().lower()}
    )


@transaction.atomic
def join_team(*, user: User, team: Team, actor: User) -> None:
    """Raises Forbidden as above, Conflict where `user` is in it already."""
    _may_change(team.product, actor)
    if team.members.filter(pk=user.pk).exists():
        raise Conflict(f"{user} is in {team} already.")
    team.members.add(user)
    _record(team.product, actor, "team_joined", user, {"team": team.pk, "team_name": team.name})


@transaction.atomic
def leave_team(*, user: User, team: Team, actor: User) -> None:
    """Raises Forbidden as above, Conflict where `user` is not in it."""
    _may_change(team.product, actor)
    if not team.members.filter(pk=user.pk).exists():
        raise Conflict(f"{user} is not in {team}.")
    team.members.remove(user)
    _record(team.product, actor, "team_left", user, {"team": team.pk, "team_name": team.name})


def _may_change(product: Product, actor: User) -> None:
    locks.product_exclusive(product.pk)
    if not (actor.is_active and actor.is_superuser):
        require(actor, product, RoleKind.OWNER)


def _record(product: Product, actor: User, action: str, user: User, data: dict[str, object]) -> None:
    audit.record(
        stream=f"product:{product.pk}",
        actor=actor,
        action=action,
        subject=f"person:{user.pk}",
        data={"person": user.pk, **data},
    )
