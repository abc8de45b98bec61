"""Making it so: from desired weights to routers and back, level-triggered, safe to run anywhere and repeatedly.

One applier per target at a time: a lease with a fencing number, taken by a conditional UPDATE; desired is read again
just before sending; what the router answers is written only while the fence still is ours. A rollback waits for a lease
only briefly and then takes it over: the fence shuts the late writer out of the database and of routers that can
compare; where a router cannot, its targets are read back and put right by every tick.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from core import clock, events, failpoints
from rollouts import routers
from rollouts.choices import Role
from rollouts.models import Rollout, Target
from rollouts.routers import Change, Place, Reading, RouterError
from rollouts.writing import writing

LEASE = timedelta(seconds=5)
STEAL_AFTER = 0.5
"""Seconds a rollback waits for somebody else's lease."""
ALL_WITHIN = 2.5
"""Seconds a web process gives all routers together before it answers."""
GIVES_UP_AFTER = 10.0
"""Seconds for which it goes on in the background; what is missing then is left to the ticks."""
AGAIN = 3

failpoints.declare("lease.after_commit", "send.before", "send.after", "observe.before", "observe.after_commit")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Leased:
    target: Target
    desired: int
    fence: int


def settle(rollout: Rollout, targets: Sequence[Target]) -> None:
    """Read everything back and send again what is not as desired. Followers come first: only when all of them are
    confirmed may the carrier grow, so that whoever meets the new version meets all of its features (P10).
    """
    followers = [target for target in targets if target.role == Role.FOLLOWS]
    carriers = [target for target in targets if target.role == Role.CARRIES]
    _each_router(rollout, followers, lambda group: _settle(rollout, group))
    fresh = Target.objects.filter(pk__in=[target.pk for target in followers])
    ready = all(target.is_confirmed for target in fresh)
    _each_router(rollout, carriers, lambda group: _settle(rollout, group, may_grow=ready))


def put_back(rollout_id: int) -> None:
    """Send every target of a rolled-back rollout to 0 now, all routers side by side: a broken one delays no other.

    Returns after at most `ALL_WITHIN` seconds. Never raises: whatever fails is tried again by the ticks.
    """
    rollout = Rollout.objects.select_related("release").get(pk=rollout_id)
    mine = owned(rollout)
    groups = {alias: [target for target in mine if target.router == alias] for alias in {one.router for one in mine}}
    threads = [
        threading.Thread(target=_in_a_thread, args=(rollout, group), name=f"back-{alias}", daemon=True)
        for alias, group in groups.items()
    ]
    until = time.monotonic() + ALL_WITHIN
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def owned(rollout: Rollout) -> list[Target]:
    """The rollout's targets that no newer rollout moves by now."""
    newer = Q()
    targets = list(rollout.targets.all())
    for target in targets:
        newer |= Q(environment=target.environment_id, router=target.router, key=target.key)
    taken = Target.objects.filter(newer, rollout__gt=rollout.pk).values_list("environment_id", "router", "key")
    lost = set(taken) if targets else set()
    return [target for target in targets if (target.environment_id, target.router, target.key) not in lost]


def place(rollout: Rollout, target: Target) -> Place:
    """What moving `target` means in this rollout, by what it pinned."""
    candidate, stable = rollout.pinned.get("candidate", {}), rollout.pinned.get("stable", {})
    return Place(
        environment=target.environment_id,
        key=target.key,
        follows=target.role == Role.FOLLOWS,
        build=candidate.get("digest", ""),
        claim=rollout.release.subject,
        candidate=candidate.get("slot", ""),
        stable=stable.get("slot", ""),
    )


def _in_a_thread(rollout: Rollout, targets: list[Target]) -> None:
    """Until the router says 0 everywhere: serving processes need a moment to hear of a flag."""
    until = time.monotonic() + GIVES_UP_AFTER
    try:
        _each_router(rollout, targets, lambda group: _send(rollout, group, steal=True))
        while time.monotonic() < until:
            targets = [
                target for target in Target.objects.filter(pk__in=[one.pk for one in targets]) if not _is_back(target)
            ]
            if not targets:
                return
            time.sleep(0.2)
            _each_router(rollout, targets, lambda group: _settle(rollout, group))
    except DatabaseError:
        log.exception("bringing back %s", rollout)
    finally:
        connection.close()


def _is_back(target: Target) -> bool:
    return target.is_confirmed or target.desired != 0


def _each_router(rollout: Rollout, targets: Sequence[Target], act: Callable[[list[Target]], None]) -> None:
    for alias in sorted({target.router for target in targets}):
        group = [target for target in targets if target.router == alias]
        try:
            act(group)
        except Exception as error:  # one router's trouble must not reach the others
            log.exception("%s of %s", alias, rollout)
            _note_problem(rollout, group, f"{type(error).__name__}: {error}")


def _settle(rollout: Rollout, targets: Sequence[Target], *, may_grow: bool = True) -> None:
    router = routers.get(targets[0].router)
    try:
        readings = router.read([place(rollout, target) for target in targets])
    except RouterError as error:
        _note_problem(rollout, targets, str(error))
        readings = {}
    wrong = []
    for target in targets:
        reading = readings.get(target.key)
        if reading and (reading.foreign or reading.free) and target.is_confirmed:
            continue  # it was where we wanted it; what others make of it does not change that
        if reading:
            _note(rollout, target, target.fence, reading)
        if reading is None or _is_wrong(target, reading):
            wrong.append(target)
    if wrong and (may_grow or all(target.desired == 0 for target in wrong)):
        _send(rollout, wrong)


def _is_wrong(target: Target, reading: Reading) -> bool:
    """Whether sending again would help. What a person turned off stays off, whatever it is told; it still goes to 0."""
    if reading.foreign or (reading.off and target.desired > 0):
        return False
    return reading.weight != target.desired


def _send(rollout: Rollout, targets: Sequence[Target], *, steal: bool = False) -> None:
    """Lease, read desired again, send, read back, note; and again if desired changed meanwhile."""
    for _ in range(AGAIN):
        leases = _lease(targets, steal=steal)
        if leases and (len(leases) == len(targets) or all(lease.desired == 0 for lease in leases)):
            _carry_out(rollout, leases)
        changed = {lease.target.pk: lease.desired for lease in leases}
        fresh = Target.objects.filter(pk__in=changed)
        targets = [target for target in fresh if target.desired != changed[target.pk]]
        if not targets:
            return


def _lease(targets: Sequence[Target], *, steal: bool) -> list[_Leased]:
    by_id = {target.pk: target for target in targets}
    until = time.monotonic() + STEAL_AFTER
    leased = _take(by_id, over=False)
    while steal and len(leased) < len(by_id) and time.monotonic() < until:
        time.sleep(0.05)
        leased |= _take(by_id.keys() - leased.keys(), over=False)
    if steal:
        leased |= _take(by_id.keys() - leased.keys(), over=True)
    failpoints.reach("lease.after_commit")
    # read again just before sending, and only what is still leased to us
    fresh = Target.objects.filter(pk__in=leased).order_by("pk")
    return [_Leased(by_id[one.pk], one.desired, one.fence) for one in fresh if one.fence == leased[one.pk]]


def _take(ids: Iterable[int], *, over: bool) -> dict[int, int]:
    """Lease what is free (`over`: what is not, too); target id → fence."""
    with writing():
        free = Q() if over else Q(leased_until=None) | Q(leased_until__lte=Now())
        rows = Target.objects.select_for_update(of=("self",), skip_locked=not over).filter(free, pk__in=ids)
        fences = {row.pk: row.fence + 1 for row in rows.order_by("pk")}
        Target.objects.filter(pk__in=fences).update(
            fence=F("fence") + 1, attempts=F("attempts") + 1, leased_until=clock.now() + LEASE
        )
    return fences


def _carry_out(rollout: Rollout, leases: Sequence[_Leased]) -> None:
    router = routers.get(leases[0].target.router)
    changes = [Change(place=place(rollout, lease.target), weight=lease.desired, fence=lease.fence) for lease in leases]
    failpoints.reach("send.before")
    problems = _sent(router, changes)
    failpoints.reach("send.after")
    try:
        readings = dict(router.read([change.place for change in changes]))
    except RouterError as error:
        readings = {change.place.key: Reading(weight=None, problem=str(error)) for change in changes}
    failpoints.reach("observe.before")
    for lease in leases:
        reading = readings[lease.target.key]
        refused = problems.get(lease.target.key, "") if reading.weight != lease.desired else ""
        said = replace(reading, problem=refused or reading.problem)
        _note(rollout, lease.target, lease.fence, said, release=True)
    failpoints.reach("observe.after_commit")


def _sent(router: routers.Router, changes: Sequence[Change]) -> dict[str, str]:
    try:
        return dict(router.send(changes))
    except RouterError as error:
        if len(changes) > 1 and all(change.weight == 0 for change in changes):
            return {key: said for change in changes for key, said in _sent(router, [change]).items()}
        return {change.place.key: str(error) for change in changes}


def _note(rollout: Rollout, target: Target, fence: int, reading: Reading, *, release: bool = False) -> None:
    """Write what the router answered, unless somebody leased the target since. Releasing moves the fence on, so that
    whoever read the router during the lease cannot write an older answer over ours.
    """
    changes: dict[str, object] = {"problem": reading.problem[:300], "turned_off": reading.off}
    if reading.weight is not None:
        now = clock.now()
        as_desired = Q(desired=reading.weight, confirmed_at=None)
        changes |= {"observed": reading.weight, "observed_at": now}
        if not reading.problem:
            changes["confirmed_at"] = Case(When(as_desired, then=Value(now)), default=F("confirmed_at"))
    if release:
        changes |= {"leased_until": None, "fence": fence + 1}
    written = Target.objects.filter(pk=target.pk, fence=fence).update(**changes)
    news = reading.problem[:300] != target.problem or reading.weight not in (None, target.observed)
    if written and news:
        events.announce(rollout.subject, "observed")


def _note_problem(rollout: Rollout, targets: Sequence[Target], problem: str) -> None:
    for target in targets:
        _note(rollout, target, target.fence, Reading(weight=None, problem=problem))
