"""Facts that follow from what routers answered: a step is with everybody it is meant for; everybody is back."""

from core import audit, clock
from core.weights import as_percent
from rollouts import apply
from rollouts.choices import RolloutState
from rollouts.models import Rollout, Target
from rollouts.writing import locked, writing


def confirm(rollout: Rollout) -> bool:
    """Start the bake, if every target was observed at the step's weight. Written once per step."""
    if rollout.baked_since or rollout.step < 0 or not _all_confirmed(list(rollout.targets.all())):
        return False
    with writing("confirm"):
        current = locked(rollout)
        targets = list(current.targets.all())
        if not current.is_live or current.version != rollout.version or current.baked_since:
            return False
        if not _all_confirmed(targets):
            return False
        current.baked_since = max(target.confirmed_at or current.step_since for target in targets)
        current.save(update_fields=["baked_since"])
        seconds = (current.baked_since - max(target.desired_at for target in targets)).total_seconds()
        _record(current, "rollout_confirmed", seconds, percent=as_percent(current.desired))
    return True


def restore(rollout: Rollout) -> bool:
    """Note that everybody is back, if every target still ours was observed at 0. Written once."""
    if rollout.state != RolloutState.ROLLED_BACK or rollout.restored_at:
        return False
    if not _all_confirmed(apply.owned(rollout)):
        return False
    with writing("restore"):
        current = locked(rollout)
        if current.restored_at:
            return False
        moments = [target.confirmed_at for target in apply.owned(current) if target.confirmed_at]
        current.restored_at = max(moments, default=clock.now())
        current.save(update_fields=["restored_at"])
        began = current.ended_at or current.restored_at
        _record(current, "rollout_restored", (current.restored_at - began).total_seconds())
    return True


def _all_confirmed(targets: list[Target]) -> bool:
    return all(target.is_confirmed for target in targets)


def _record(rollout: Rollout, action: str, seconds: float, **more: object) -> None:
    data = {"rollout": rollout.pk, "step": rollout.step, "seconds": f"{max(seconds, 0.0):.1f}", **more}
    audit.record(stream=rollout.release.subject, actor=None, action=action, subject=rollout.subject, data=data)
