"""Writing a policy: always a new version, never an edit."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from approvals.models import Policy, Stage
from core import audit, locks
from core.access import require
from core.choices import RoleKind
from core.errors import Conflict, Refused
from core.models import Product, Team, User


@dataclass(frozen=True, kw_only=True)
class StageSpec:
    """One stage to be. `covers` names the seal's parts that it owns; empty: all of them."""

    name: str
    team: Team
    order: int = 0
    quorum: int = 1
    due_hours: int = 48
    covers: Sequence[str] = ()


@transaction.atomic
def set_policy(*, product: Product, stages: Sequence[StageSpec], actor: User, based_on: int | None = None) -> Policy:
    """A new version for releases submitted from now on; those already submitted keep theirs. `based_on` is the version
    that its author read (0: none).

    Only an owner may: who runs releases does not set who has to agree. Raises Refused naming the field
    (``stages.1.quorum``), also where a stage demands more signatures than its team has approvers; Conflict if somebody
    wrote another version since `based_on`.
    """
    locks.product_exclusive(product.pk)
    require(actor, product, RoleKind.OWNER)
    if not stages:
        raise Refused("A policy has at least one stage.", field="stages")
    names = [stage.name.strip() for stage in stages]
    if not all(names) or len(set(names)) < len(names):
        raise Refused("Each stage has a name of its own.", field="stages")
    for place, stage in enumerate(stages):
        _possible(product, stage, f"stages.{place}")
    newest = Policy.objects.filter(product=product).select_related("created_by").order_by("-version").first()
    version = newest.version if newest else 0
    if newest and based_on is not None and based_on != version:
        raise Conflict(f"{newest.created_by} wrote version {version} meanwhile. Compare; saving again replaces it.")
    policy = Policy.objects.create(product=product, version=version + 1, created_by=actor)
    Stage.objects.bulk_create(
        Stage(
            policy=policy,
            name=stage.name.strip(),
            team=stage.team,
            order=stage.order,
            quorum=stage.quorum,
            due_hours=stage.due_hours,
            covers=sorted(set(stage.covers)),
        )
        for stage in stages
    )
    audit.record(
        stream=f"product:{product.pk}",
        actor=actor,
        action="policy_set",
        subject=f"policy:{policy.pk}",
        data={
            "version": policy.version,
            "stages": [
                {"name": one.name, "team_id": one.team.pk, "quorum": one.quorum, "order": one.order} for one in stages
            ],
        },
    )
    return policy


def part_names() -> list[str]:
    """What a stage may cover: the last word of each path in `settings.SEAL_PARTS` is its part's name."""
    return [path.rpartition(".")[2] for path in settings.SEAL_PARTS]


def _possible(product: Product, stage: StageSpec, place: str) -> None:
    if stage.team.product_id != product.pk:
        raise Refused(f"{stage.team} is not a team of {product}.", field=f"{place}.team")
    if not isinstance(stage.covers, list | tuple):
        raise Refused("What a stage covers is a list of names; empty means everything.", field=f"{place}.covers")
    unknown = [str(name) for name in stage.covers if name not in part_names()]
    if unknown:
        raise Refused(f"A seal has no part called {', '.join(unknown)}.", field=f"{place}.covers")
    if stage.quorum < 1 or stage.due_hours < 1 or stage.order < 0:
        raise Refused("A stage needs at least one signature and one hour.", field=f"{place}.quorum")
    able = (
        stage.team.members.filter(is_active=True, roles__product=product, roles__kind=RoleKind.APPROVER)
        .distinct()
        .count()
    )
    if able < stage.quorum:
        have = f"{able} approver{'' if able == 1 else 's'}"
        raise Refused(
            f"{stage.name} demands {stage.quorum} signatures, but {stage.team} has {have}.", field=f"{place}.quorum"
        )
