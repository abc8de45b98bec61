"""Starting a rollout: every gate open, everything pinned, one live rollout per target."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from core import audit, clock, locks, queue
from core.errors import Conflict, Refused
from core.models import User
from core.weights import as_percent
from releases import actions as releases
from releases import seal
from releases.choices import ReleaseStatus
from releases.gates import Question, closed, readiness
from releases.models import Release
from rollouts import people
from rollouts.actions.grow import close
from rollouts.choices import RolloutState
from rollouts.models import KpiState, Plan, Rollout, Target
from rollouts.pins import pin
from rollouts.writing import writing


def start_rollout(*, release: Release, actor: User) -> Rollout:
    """Begin to carry out the release's plan: the first step's weight is written here, if all gates are open (P1).

    Raises Forbidden; Refused with the first gate's sentence; Conflict if a live rollout moves one of the targets (P9).
    """
    return _start(release, actor, ends="")


def supersede(*, release: Release, actor: User, reason: str) -> Rollout:
    """Start the release's rollout, and end the rollback windows of those whose targets it needs.

    Raises as `start_rollout`; Conflict if one of them is not in its rollback window but still growing.
    """
    if not reason.strip():
        raise Refused("Say why the other rollback window may end.", field="reason")
    return _start(release, actor, ends=reason.strip())


def _start(release: Release, actor: User, *, ends: str) -> Rollout:
    people.require_starter(actor, release)
    with writing():
        products = {release.product_id, *release.candidates.values_list("product_id", flat=True)}
        for product in sorted(products):
            locks.product_shared(product)
        others = _in_the_way(release) if ends else []
        release = _lock_releases(release, others)
        plan = _plan(release)
        pinned, now = pin(plan), clock.now()
        sealed = seal.digest(seal.parts(release))
        digests = {int(product): digest for product, digest in pinned["digests"].items()}
        _require_open(Question(release=release, now=now, seal=sealed, digests=digests))
        for other in others:
            _end_window(other, actor, ends)
        rollout = _create(release, plan, sealed, pinned, actor)
        for other in others:
            Rollout.objects.filter(pk=other.pk).update(superseded_by=rollout)
        releases.set_status(release=release, status=ReleaseStatus.ROLLOUT, actor=actor)
        _record(rollout, actor)
        queue.hint("rollouts.tasks.tick", [rollout.pk])
    return rollout


def _lock_releases(release: Release, others: list[Rollout]) -> Release:
    ids = {release.pk, *(other.release_id for other in others)}
    rows = Release.objects.select_for_update(of=("self",)).select_related("product", "manager")
    locked = {row.pk: row for row in rows.filter(pk__in=ids).order_by("pk")}
    release = locked[release.pk]
    if ReleaseStatus(release.status).is_finished:
        raise Conflict(f"{release} is {release.get_status_display().lower()}.")
    if Rollout.objects.live().filter(release=release).exists():
        raise Conflict(f"{release} is already rolling out.")
    return release


def _plan(release: Release) -> Plan:
    plan = Plan.objects.filter(release=release).select_related("environment", "slot", "stable_slot").first()
    if plan is None:
        raise Refused("There is no rollout plan yet.", field="plan")
    return plan


def _require_open(question: Question) -> None:
    shut = closed(readiness(question))
    if shut:
        more = f" And {len(shut) - 1} more." if len(shut) > 1 else ""
        raise Refused(f"{shut[0].name}: {shut[0].sentence}{more}")


def _create(release: Release, plan: Plan, sealed: str, pinned: dict[str, Any], actor: User) -> Rollout:
    now = clock.now()
    first = pinned["steps"][0]
    weight = 0 if first["go_team"] else first["weight"]
    rollout = Rollout.objects.create(
        release=release,
        environment=plan.environment,
        state=RolloutState.RUNNING,
        seal=sealed,
        pinned=pinned,
        step=-1 if first["go_team"] else 0,
        step_since=now,
        desired=weight,
        next_check_at=now,
        started_by=actor,
        started_at=now,
        reasons=["Every gate is open."],
    )
    _create_targets(rollout, plan, weight)
    KpiState.objects.bulk_create([KpiState(rollout=rollout, kpi=kpi) for kpi in plan.kpis.all()])
    return rollout


def _create_targets(rollout: Rollout, plan: Plan, weight: int) -> None:
    """The fence goes on from the last rollout of the same target, so that a late write of that one stays late."""
    now = clock.now()
    rows = []
    for wanted in plan.targets.all():
        same = Target.objects.filter(environment=plan.environment, router=wanted.router, key=wanted.key)
        fence = (same.aggregate(last=Max("fence"))["last"] or 0) + 1
        rows.append(
            Target(
                rollout=rollout,
                environment=plan.environment,
                router=wanted.router,
                key=wanted.key,
                role=wanted.role,
                desired=weight,
                desired_at=now,
                fence=fence,
            )
        )
    try:
        with transaction.atomic():
            Target.objects.bulk_create(rows)
    except IntegrityError:
        raise Conflict(_names_the_other(plan, rows)) from None


def _names_the_other(plan: Plan, rows: list[Target]) -> str:
    for row in rows:
        live = Target.objects.filter(environment=plan.environment, router=row.router, key=row.key, live=True)
        other = live.select_related("rollout__release").first()
        if other:
            state = RolloutState(other.rollout.state).label
            return f"{row} is moved by {other.rollout.release}, which is {state}: one live rollout at a time."
    return "Another live rollout moves one of these targets."


def _in_the_way(release: Release) -> list[Rollout]:
    """Whose rollback windows end; their rows are locked only after their releases."""
    plan = _plan(release)
    wanted = {(target.router, target.key) for target in plan.targets.all()}
    live = Target.objects.filter(environment=plan.environment, live=True).select_related("rollout__release")
    found = {one.rollout_id: one.rollout for one in live if (one.router, one.key) in wanted}
    return [found[pk] for pk in sorted(found)]


def _end_window(other: Rollout, actor: User, reason: str) -> None:
    other = Rollout.objects.select_for_update(of=("self",)).select_related("release").get(pk=other.pk)
    if other.state != RolloutState.WATCH:
        state = RolloutState(other.state).label
        raise Conflict(f"{other.release} is {state}, not in its rollback window: it cannot be superseded.")
    close(other, actor=actor, action="rollout_superseded", reason=reason)


def _record(rollout: Rollout, actor: User) -> None:
    release, pinned = rollout.release, rollout.pinned
    audit.record(
        stream=release.subject,
        actor=actor,
        action="rollout_started",
        subject=rollout.subject,
        data={
            "rollout": rollout.pk,
            "seal": rollout.seal,
            "percent": as_percent(rollout.desired),
            "steps": [step["weight"] for step in pinned["steps"]],
            "version": pinned["candidate"].get("version", ""),
        },
    )
    weights = " → ".join(as_percent(step["weight"]) for step in pinned["steps"])
    people.tell(rollout, "rollout_started", f"{release} rolls out: {weights}", {"actor": actor, "weights": weights})
