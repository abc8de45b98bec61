"""The way back (P2): needs the rollout's row and its targets, no gate, no queue, no worker."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import DatabaseError, OperationalError, transaction

from core import audit, clock, events, queue
from core.errors import Conflict, Refused
from core.models import User
from core.weights import as_percent
from releases import actions as releases
from releases.choices import ReleaseStatus
from releases.models import Release
from rollouts import apply, people, standing
from rollouts.choices import RolloutState
from rollouts.models import Rollout
from rollouts.writing import locked, say, writing

ATTEMPTS = 4
"""Each waits at most 2 s for a lock; a frozen holder loses its own after 5 s."""

log = logging.getLogger(__name__)


def roll_back(*, rollout: Rollout, actor: User | None, reason: str, cause: Mapping[str, Any] | None = None) -> Rollout:
    """Everybody back to the old version. Once committed, this very process brings every router there; the queue only
    helps. Done again it changes nothing. `cause` is the KPI's numbers when the engine (actor None) does it.

    Raises Forbidden, Refused (a person without a reason), Conflict (the rollback window is over).
    """
    if actor is not None and not reason.strip():
        raise Refused("Say why.", field="reason")
    people.require_stopper(actor, rollout.release)
    for attempt in range(ATTEMPTS):
        try:
            return _write(rollout, actor, reason.strip(), dict(cause or {}))
        except OperationalError:
            if attempt == ATTEMPTS - 1:
                raise
            log.warning("rollback of %s waits for a lock", rollout)
    raise AssertionError("unreachable")


def settle_status(rollout: Rollout) -> None:
    """Tell the release that it was rolled back. Apart from the rollback, which waits for no release; safe to repeat."""
    with writing("status"):
        release = Release.objects.select_for_update(of=("self",)).get(pk=rollout.release_id)
        if release.status in {ReleaseStatus.ROLLOUT, ReleaseStatus.WATCH}:
            releases.set_status(release=release, status=ReleaseStatus.ROLLED_BACK, actor=None)


def _write(rollout: Rollout, actor: User | None, reason: str, cause: dict[str, Any]) -> Rollout:
    with writing("roll_back"):
        current = locked(rollout)
        if current.state == RolloutState.ROLLED_BACK:
            return current
        if not current.is_live:
            raise Conflict("The rollback window is over: this rollout is complete.")
        now = clock.now()
        weight, current.desired, current.state = current.desired, 0, RolloutState.ROLLED_BACK
        current.ended_at = current.next_check_at = now
        current.version += 1
        current.reasons = [] if actor else [reason]
        current.cause = {"step": current.step, "weight": weight, "by": "person" if actor else "kpi", **cause}
        current.save(update_fields=["desired", "state", "ended_at", "next_check_at", "version", "reasons", "cause"])
        say(current, actor, reason)
        current.targets.update(desired=0, desired_at=now, confirmed_at=None, live=False, problem="", turned_off=False)
        told = people.tell(
            current,
            "rollout_rolled_back",
            f"{current.release} is rolled back from {as_percent(weight)}",
            {"actor": actor, "percent": as_percent(weight), "rows": people.account(current, weight, [reason])},
        )
        _record(current, actor, weight, reason, told=len(told))
        events.announce(current.subject, "rolled_back")
        queue.hint("rollouts.tasks.apply_rollback", current.pk)
        transaction.on_commit(partial(carry_out, current.pk), robust=True)
    return current


def carry_out(rollout_id: int) -> None:
    """What follows a committed rollback: routers, then the facts and the release's status. Safe to repeat."""
    apply.put_back(rollout_id)
    rollout = Rollout.objects.select_related("release").get(pk=rollout_id)
    for follow in (standing.restore, settle_status):
        try:
            follow(rollout)
        except (Refused, DatabaseError) as error:
            log.warning("%s is left to the next tick: %s", rollout, error)


def _record(rollout: Rollout, actor: User | None, weight: int, reason: str, *, told: int) -> None:
    data = {"rollout": rollout.pk, "step": rollout.step, "weight": weight, "percent": as_percent(weight), "told": told}
    cause = {key: value for key, value in rollout.cause.items() if key not in data}
    own = {} if actor else {"because": reason}
    audit.record(
        stream=rollout.release.subject,
        actor=actor,
        action="rollout_rolled_back_by" if actor else "rollout_rolled_back",
        subject=rollout.subject,
        data={**data, **cause, **own},
        texts={"reason": reason} if actor else {},
    )
