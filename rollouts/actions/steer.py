"""Stopping growth and letting it go on. None of this needs more than the rollout's own row."""

from collections.abc import Sequence

from core import audit, clock, events, queue
from core.errors import Conflict, Forbidden, Refused
from core.models import Team, User
from core.weights import as_percent
from rollouts import people
from rollouts.choices import RolloutState
from rollouts.judging import acknowledge
from rollouts.models import Go, Rollout
from rollouts.writing import locked, say, writing


def hold(*, rollout: Rollout, actor: User, reason: str) -> Rollout:
    """A named person stops growth until a named person lets it go on. Users keep what they have.

    Raises Forbidden, Refused (no reason), Conflict (it has ended, or is paused already).
    """
    if not reason.strip():
        raise Refused("Say why.", field="reason")
    people.require_stopper(actor, rollout.release)
    with writing():
        current = _live(rollout)
        if current.state == RolloutState.PAUSED:
            raise Conflict("It is paused already.")
        _set(current, RolloutState.PAUSED, [])
        say(current, actor, reason.strip())
        _record(current, "rollout_paused_by", actor, reason.strip())
        rows = people.account(current, current.desired, [reason.strip()])
        people.tell(current, "rollout_paused", f"{current.release} is paused", {"actor": actor, "rows": rows})
    return current


def resume(*, rollout: Rollout, actor: User, reason: str = "") -> Rollout:
    """A named person looked and lets it go on: alarms count as seen, and the evidence starts again.

    Raises Forbidden, Conflict (it is not paused).
    """
    people.require_starter(actor, rollout.release)
    with writing():
        current = _live(rollout)
        if current.state != RolloutState.PAUSED:
            raise Conflict("It is not paused.")
        state = RolloutState.WATCH if current.watch_since else RolloutState.RUNNING
        acknowledge(current, clock.now())
        _set(current, state, ["A person let it go on."])
        _record(current, "rollout_resumed", actor, reason.strip())
        queue.hint("rollouts.tasks.tick", [current.pk])
    return current


def press_go(*, rollout: Rollout, actor: User) -> Rollout:
    """The team in charge of the next step says go. Raises Forbidden, Conflict (no step waits for that, or pressed)."""
    with writing():
        current = _live(rollout)
        step = current.step + 1
        steps = current.pinned["steps"]
        if current.watch_since or step >= len(steps) or not steps[step]["go_team"]:
            raise Conflict("No step waits for a go.")
        if not actor.is_active or not Team.objects.filter(pk=steps[step]["go_team"], members=actor).exists():
            raise Forbidden(f"Only {steps[step]['go_team_name']} may press go for this step.")
        if current.gos.filter(step=step).exists():
            raise Conflict("Go was pressed already.")
        Go.objects.create(rollout=current, step=step, by=actor)
        _set(current, RolloutState(current.state), current.reasons)
        _record(current, "rollout_go", actor, percent=as_percent(steps[step]["weight"]))
        queue.hint("rollouts.tasks.tick", [current.pk])
    return current


def hold_for(*, rollout: Rollout, reasons: Sequence[str]) -> bool:
    """The engine stops growth until the causes are gone."""
    with writing("hold"):
        current = _same(rollout, RolloutState.RUNNING)
        if current:
            _set(current, RolloutState.HELD, reasons)
            _record(current, "rollout_held", None)
    return current is not None


def lift(*, rollout: Rollout, reasons: Sequence[str]) -> bool:
    """The causes of a hold are gone."""
    with writing("lift"):
        current = _same(rollout, RolloutState.HELD)
        if current:
            _set(current, RolloutState.RUNNING, reasons)
            _record(current, "rollout_lifted", None)
    return current is not None


def pause(*, rollout: Rollout, reasons: Sequence[str]) -> bool:
    """The engine stops growth until a named person decides, and tells them."""
    with writing("pause"):
        current = _same(rollout, RolloutState.RUNNING, RolloutState.HELD, RolloutState.WATCH)
        if current:
            _set(current, RolloutState.PAUSED, reasons)
            _record(current, "rollout_paused", None)
            subject = f"{current.release} is paused and waits for you"
            rows = people.account(current, current.desired, reasons)
            people.tell(current, "rollout_paused", subject, {"actor": None, "rows": rows})
    return current is not None


def _live(rollout: Rollout) -> Rollout:
    current = locked(rollout)
    if not current.is_live:
        raise Conflict(f"This rollout has ended: it is {RolloutState(current.state).label}.")
    return current


def _same(rollout: Rollout, *states: RolloutState) -> Rollout | None:
    """The locked rollout if nothing changed since it was looked at."""
    current = locked(rollout)
    return current if current.version == rollout.version and current.state in states else None


def _set(rollout: Rollout, state: RolloutState, reasons: Sequence[str]) -> None:
    rollout.state, rollout.reasons, rollout.version = state, list(reasons), rollout.version + 1
    rollout.next_check_at = clock.now()
    rollout.save(update_fields=["state", "reasons", "version", "next_check_at"])
    events.announce(rollout.subject, state)


def _record(rollout: Rollout, action: str, actor: User | None, reason: str = "", **more: object) -> None:
    """A person's words go where they can be erased; the engine's own are data."""
    own = {} if actor else {"because": " ".join(rollout.reasons)}
    audit.record(
        stream=rollout.release.subject,
        actor=actor,
        action=action,
        subject=rollout.subject,
        data={"rollout": rollout.pk, "percent": as_percent(rollout.desired), **own, **more},
        texts={"reason": reason} if reason else {},
    )
