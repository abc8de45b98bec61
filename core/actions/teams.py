"""Teams sign and tick: who is in them changes under the product's exclusive lock."""

from django.db import transaction

from core import audit
from core.actions.common import not_oneself, own, record_about
from core.errors import Conflict
from core.models import Product, Team, User
from core.rows import insert


@transaction.atomic
def create_team(*, product: Product, name: str, actor: User) -> Team:
    """A team without members. Raises Forbidden, Refused, Conflict for a name that is taken."""
    own(product, actor)
    team = Team(product=product, name=name.strip())
    insert(team, taken=f"{product} has a team of this name.", field="name")
    audit.record(
        stream=f"product:{product.pk}",
        actor=actor,
        action="team_created",
        subject=f"team:{team.pk}",
        data={"team": team.pk, "team_name": team.name},
    )
    return team


@transaction.atomic
def join_team(*, user: User, team: Team, actor: User) -> None:
    """Raises Forbidden unless `actor` owns the product or administers the site, and for oneself; Conflict where `user`
    is in it already.
    """
    own(team.product, actor)
    not_oneself(user, actor)
    if team.members.filter(pk=user.pk).exists():
        raise Conflict(f"{user} is in {team} already.", field="person")
    team.members.add(user)
    record_about(team.product, actor, "team_joined", user, {"team": team.pk, "team_name": team.name})


@transaction.atomic
def leave_team(*, user: User, team: Team, actor: User) -> None:
    """Raises Forbidden unless `actor` owns the product or administers the site, Conflict where `user` is not in it."""
    own(team.product, actor)
    if not team.members.filter(pk=user.pk).exists():
        raise Conflict(f"{user} is not in {team}.")
    team.members.remove(user)
    record_about(team.product, actor, "team_left", user, {"team": team.pk, "team_name": team.name})
