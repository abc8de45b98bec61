"""What the engine writes when all is well: the next step, the rollback window, the end."""

from datetime import datetime, timedelta

from core import audit, clock, locks, queue
from core.models import User
from core.weights import FULL, as_percent
from core.words import span
from flags import actions as flags
from releases import actions as releases
from releases.choices import ReleaseStatus
from releases.models import Release
from rollouts import look, people, rules
from rollouts.choices import RolloutState
from rollouts.models import Rollout
from rollouts.writing import locked, say, writing


def advance(*, rollout: Rollout) -> bool:
    """Write the next step's weight, if `rules.decide` still says so with everything locked and every gate asked again,
    for the seal and digests the rollout pinned (P1). False if it does not, or if somebody was here first.
    """
    with writing("advance"):
        now = hold_still(rollout)
        current = locked(rollout)
        if current.version != rollout.version or current.state not in (RolloutState.RUNNING, RolloutState.HELD):
            return False
        decision = rules.decide(look.snapshot(current, now))
        if not isinstance(decision, rules.Advance):
            return False
        weight = current.pinned["steps"][decision.step]["weight"]
        current.step, current.step_since, current.baked_since = decision.step, now, None
        current.desired, current.state, current.reasons = weight, RolloutState.RUNNING, list(decision.reasons)
        current.version += 1
        current.save(update_fields=["step", "step_since", "baked_since", "desired", "state", "reasons", "version"])
        current.targets.update(desired=weight, desired_at=now, confirmed_at=None)
        _record(current, "rollout_advanced", now)
        queue.hint("rollouts.tasks.tick", [current.pk])
    return True


def begin_watch(*, rollout: Rollout) -> bool:
    """Everyone has it: the rollback window begins. False if that is not so any more."""
    with writing("watch"):
        now = hold_still(rollout)
        current = locked(rollout)
        if current.version != rollout.version or not isinstance(_decided(current, now), rules.Watch):
            return False
        current.state, current.watch_since, current.version = RolloutState.WATCH, now, current.version + 1
        current.reasons = ["Everyone has it; the old version is kept warm."]
        current.save(update_fields=["state", "watch_since", "version", "reasons"])
        releases.set_status(release=current.release, status=ReleaseStatus.WATCH, actor=None)
        _record(current, "rollout_watched", now)
        lasting = span(timedelta(seconds=current.pinned["watch_seconds"]))
        people.tell(current, "rollout_watched", f"{current.release} is with everyone", {"lasting": lasting})
    return True


def complete(*, rollout: Rollout) -> bool:
    """The rollback window is over. False if that is not so any more."""
    with writing("complete"):
        now = hold_still(rollout)
        current = locked(rollout)
        if current.version != rollout.version or not isinstance(_decided(current, now), rules.Complete):
            return False
        close(current, actor=None, action="rollout_completed", reason="")
    return True


def close(rollout: Rollout, *, actor: User | None, action: str, reason: str) -> None:
    """End a locked rollout well, its release's row locked too: flags keep what they have and are let go."""
    now = clock.now()
    rollout.state, rollout.ended_at, rollout.next_check_at = RolloutState.COMPLETED, now, now
    rollout.version += 1
    rollout.reasons = [] if actor else ["The rollback window is over, and everything was fine in it."]
    rollout.save(update_fields=["state", "ended_at", "next_check_at", "version", "reasons"])
    say(rollout, actor, reason)
    rollout.targets.update(live=False)
    flags.unclaim(holder=rollout.release.subject, actor=None, settle=True)  # flags before any head of the record
    releases.set_status(release=rollout.release, status=ReleaseStatus.COMPLETED, actor=actor)
    _record(rollout, action, now, actor=actor, reason=reason)
    people.tell(rollout, "rollout_completed", f"{rollout.release} is complete", {"reason": reason, "actor": actor})


def _decided(rollout: Rollout, now: datetime) -> rules.Decision | None:
    return rules.decide(look.snapshot(rollout, now)) if rollout.is_live else None


def hold_still(rollout: Rollout) -> datetime:
    """Lock what comes before a rollout's row: the products' facts, the release. Then the time."""
    release = rollout.release
    for product in sorted({release.product_id, *release.candidates.values_list("product_id", flat=True)}):
        locks.product_shared(product)
    Release.objects.select_for_update(of=("self",)).get(pk=release.pk)
    return clock.now()


def _record(rollout: Rollout, action: str, now: datetime, *, actor: User | None = None, reason: str = "") -> None:
    audit.record(
        stream=rollout.release.subject,
        actor=actor,
        action=action,
        subject=rollout.subject,
        data={
            "rollout": rollout.pk,
            "step": rollout.step,
            "weight": rollout.desired,
            "percent": as_percent(rollout.desired),
            "everyone": rollout.desired == FULL,
            "because": "" if actor else " ".join(rollout.reasons),
            "seconds": round((now - rollout.started_at).total_seconds()),
        },
        texts={"reason": reason},
    )
