"""Writing the plan. It is signed with the release, so it changes only here, under the release's lock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, models, transaction

from core import audit
from core.access import require
from core.choices import RoleKind
from core.errors import Conflict, Refused
from core.models import Environment, Team, User
from core.weights import FULL, as_percent
from releases.choices import ReleaseStatus
from releases.models import Release, Slot
from rollouts.choices import Role
from rollouts.models import Kpi, Plan, PlanTarget, Step
from rollouts.people import STARTS
from rollouts.writing import writing

WRITES = (*STARTS, RoleKind.ENGINEER)


@dataclass(frozen=True, kw_only=True)
class StepSpec:
    """One step. `weight` in parts per 100 000."""

    weight: int
    bake_seconds: int
    min_users: int = 1
    go_team: Team | None = None


@dataclass(frozen=True, kw_only=True)
class TargetSpec:
    """What is moved, through the router of that alias."""

    router: str
    key: str
    role: Role = Role.CARRIES


@dataclass(frozen=True, kw_only=True)
class KpiSpec:
    """One KPI; `options` are further fields of `rollouts.models.Kpi`."""

    name: str
    source: str
    query: dict[str, Any]
    limit: float | None = None
    options: dict[str, Any] = field(default_factory=dict)


def set_plan(
    *,
    release: Release,
    environment: Environment,
    steps: Sequence[StepSpec],
    targets: Sequence[TargetSpec],
    kpis: Sequence[KpiSpec],
    actor: User,
    slot: Slot | None = None,
    stable_slot: Slot | None = None,
    watch_seconds: int = 3600,
    alpha_ppm: int = 50_000,
    based_on: int | None = None,
) -> Plan:
    """Replace the release's plan as a whole. Whether it can be carried out is for its gate to say. `based_on` is the id
    of the plan that the writer read, 0 for none.

    Raises Forbidden; Refused naming the field; Conflict once the release rolls out or is over, and where somebody wrote
    another plan since `based_on`.
    """
    with writing():
        release = Release.objects.select_for_update(of=("self",)).select_related("product").get(pk=release.pk)
        require(actor, release.product, *WRITES)
        if is_settled(release):
            raise Conflict(f"{release} is in “{release.get_status_display()}”; its plan no longer changes.")
        if based_on not in {None, _newest(release)}:
            raise Conflict(
                "Somebody wrote another plan meanwhile. Yours still stands here; writing it replaces theirs."
            )
        _belongs(release, environment, slot, stable_slot)
        Plan.objects.filter(release=release).delete()
        plan = Plan(
            release=release,
            environment=environment,
            slot=slot,
            stable_slot=stable_slot,
            watch_seconds=watch_seconds,
            alpha_ppm=alpha_ppm,
        )
        _save(plan, "plan")
        for order, step in enumerate(steps):
            if not 0 < step.weight <= FULL:
                raise Refused(f"A step's weight is more than 0 and at most {FULL}.", field="steps")
            _save(Step(plan=plan, order=order, **vars(step)), "steps")
        for order, target in enumerate(targets):
            _save(PlanTarget(plan=plan, order=order, **vars(target)), "targets")
        for order, kpi in enumerate(kpis):
            plain = {name: value for name, value in vars(kpi).items() if name != "options"}
            _save(Kpi(plan=plan, order=order, **plain, **kpi.options), "kpis")
        _record(release, actor, steps)
    return plan


def is_settled(release: Release) -> bool:
    """Whether the plan no longer changes: it rolls out, or is over."""
    status = ReleaseStatus(release.status)
    return status.is_finished or status in {ReleaseStatus.ROLLOUT, ReleaseStatus.WATCH}


def may_write(release: Release, user: User) -> bool:
    return user.has_role(release.product, *WRITES) and not is_settled(release)


def _belongs(release: Release, environment: Environment, *slots: Slot | None) -> None:
    if not release.candidates.filter(product=environment.product_id).exists():
        raise Refused(f"{environment} is of no product that {release} covers.", field="environment")
    for slot in slots:
        if slot and slot.environment_id != environment.pk:
            raise Refused(f"{slot} is not in {environment}.", field="slot")


def _save(row: models.Model, field: str) -> None:
    try:
        row.clean_fields()
        with transaction.atomic():
            row.save()
    except ValidationError as error:
        name, said = next(iter(error.message_dict.items()))
        raise Refused(f"{name}: {said[0]}", field=field) from None
    except DatabaseError as error:
        raise Refused("The same twice, or a value that cannot be.", field=field) from error


def _record(release: Release, actor: User, steps: Sequence[StepSpec]) -> None:
    audit.record(
        stream=release.subject,
        actor=actor,
        action="plan_changed",
        subject=release.subject,
        data={"steps": " → ".join(as_percent(step.weight) for step in steps)},
    )


def _newest(release: Release) -> int:
    """The id of the plan that there is; each writing makes another."""
    return Plan.objects.filter(release=release).values_list("pk", flat=True).first() or 0
