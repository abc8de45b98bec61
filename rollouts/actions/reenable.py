"""Turning a killed flag of a live rollout on again. That is growth, so it goes only through the rollout (P1)."""

from datetime import datetime

from core import audit, events, queue
from core.errors import Conflict, Refused
from core.models import User
from core.weights import as_percent
from flags import actions as flags
from flags.models import FlagState
from releases.gates import Gate, closed, readiness
from rollouts import look, people, rules
from rollouts.actions.grow import hold_still
from rollouts.choices import RolloutState
from rollouts.models import Rollout, Target
from rollouts.writing import locked, writing


def reenable_flag(*, rollout: Rollout, key: str, actor: User) -> Rollout:
    """Lift the kill switch of the rollout's flag `key`, if every gate is open. What was gathered without it says
    nothing about it: the step bakes anew, and a rollback window begins anew.

    Raises Forbidden; Refused (not a flag of this rollout, a gate's sentence); Conflict (ended, paused, or it is on).
    """
    people.require_starter(actor, rollout.release)
    with writing():
        now = hold_still(rollout)
        current = locked(rollout)
        target = current.targets.select_for_update(of=("self",)).filter(router="flag", key=key).first()
        if target is None:
            raise Refused(f"This rollout moves no flag {key}.", field="key")
        state = _state(target)
        if state.enabled:
            raise Conflict(f"{key} is on already.")
        _require_growth(current, now)
        _bake_anew(current, target, now)
        flags.enable(flag=state.flag, environment=state.environment, actor=actor, claim=current.release.subject)
        audit.record(
            stream=current.release.subject,
            actor=actor,
            action="rollout_flag_on",
            subject=current.subject,
            data={"rollout": current.pk, "key": key, "percent": as_percent(current.desired)},
        )
        events.announce(current.subject, "flag_on")
        queue.hint("rollouts.tasks.tick", [current.pk])
    return current


def _state(target: Target) -> FlagState:
    product = target.environment.product_id
    states = FlagState.objects.select_related("flag", "environment")
    return states.get(flag__product=product, flag__key=target.key, environment=target.environment_id)


def _require_growth(rollout: Rollout, now: datetime) -> None:
    if not rollout.is_live:
        raise Conflict(f"This rollout has ended: it is {RolloutState(rollout.state).label}.")
    if rollout.state == RolloutState.PAUSED:
        raise Conflict("The rollout is paused: resume it first.")
    gates: list[Gate] = readiness(look.question(rollout, now))
    for gate in closed(gates):
        raise Refused(f"{gate.name}: {gate.sentence}")
    decision = rules.decide(look.snapshot(rollout, now, gates))
    if isinstance(decision, rules.RollBack | rules.Pause):
        raise Refused(decision.reasons[0])


def _bake_anew(rollout: Rollout, target: Target, now: datetime) -> None:
    rollout.baked_since, rollout.version, rollout.next_check_at = None, rollout.version + 1, now
    rollout.watch_since = now if rollout.watch_since else None
    rollout.save(update_fields=["baked_since", "version", "next_check_at", "watch_since"])
    Target.objects.filter(pk=target.pk).update(
        desired_at=now, observed=None, observed_at=None, confirmed_at=None, problem="", turned_off=False
    )
