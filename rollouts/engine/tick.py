"""One look at each rollout: make it so, measure, decide, write, make it so again."""

import logging
from collections.abc import Iterable, Sequence

from django.db import OperationalError

from core import clock, events
from releases.choices import ReleaseStatus
from rollouts import actions, apply, judging, look, routers, rules, standing
from rollouts.actions.back import settle_status
from rollouts.choices import RolloutState
from rollouts.engine.alone import alone
from rollouts.engine.due import CLOSE_WATCH
from rollouts.models import Rollout, Target

log = logging.getLogger(__name__)


def tick(ids: Iterable[int]) -> None:
    """Look at each of these rollouts, one after the other; trouble with one is logged and does not reach the next."""
    for pk in ids:
        try:
            with alone(pk) as mine:
                if mine:
                    _tick(pk)
        except OperationalError as error:
            log.warning("tick of rollout %s put off: %s", pk, error)
        except Exception:
            log.exception("tick of rollout %s", pk)


def _tick(pk: int) -> None:
    rollout = _load(pk)
    if rollout is None:
        return
    if rollout.is_live:
        _make_it_so(rollout)
        _measure(rollout)
        _decide(pk)
    else:
        _look_after(rollout)


def _load(pk: int) -> Rollout | None:
    return Rollout.objects.select_related("release__product", "environment").filter(pk=pk).first()


def _make_it_so(rollout: Rollout) -> None:
    apply.settle(rollout, list(rollout.targets.all()))
    rollout.refresh_from_db()
    if standing.confirm(rollout):
        rollout.refresh_from_db()


def _measure(rollout: Rollout) -> None:
    """What cannot be measured or stored turns into silence, which `_decide` must still see."""
    try:
        judging.measure(rollout)
    except Exception:
        log.exception("measuring %s", rollout)


def _decide(pk: int) -> None:
    rollout = _load(pk)
    if rollout is None or not rollout.is_live:
        return
    _carry_out(rollout, rules.decide(look.snapshot(rollout, clock.now())))


def _carry_out(rollout: Rollout, decision: rules.Decision) -> None:
    match decision:
        case rules.RollBack():
            actions.roll_back(rollout=rollout, actor=None, reason=decision.reasons[0], cause=decision.kpi.numbers)
        case rules.Pause():
            actions.pause(rollout=rollout, reasons=decision.reasons)
        case rules.Hold() if rollout.state == RolloutState.RUNNING:
            actions.hold_for(rollout=rollout, reasons=decision.reasons)
        case rules.Wait() if rollout.state == RolloutState.HELD:
            actions.lift(rollout=rollout, reasons=decision.reasons)
        case rules.Hold() | rules.Wait():
            _say(rollout, decision.reasons)
        case rules.Advance():
            if actions.advance(rollout=rollout):
                rollout.refresh_from_db()
                _make_it_so(rollout)
        case rules.Watch():
            actions.begin_watch(rollout=rollout)
        case rules.Complete():
            actions.complete(rollout=rollout)


def _say(rollout: Rollout, reasons: Sequence[str]) -> None:
    """Other words for the same state: worth showing, not worth recording. A pause keeps the words of who paused."""
    if rollout.state == RolloutState.PAUSED or rollout.reasons == list(reasons):
        return
    same = Rollout.objects.filter(pk=rollout.pk, version=rollout.version)
    if same.update(reasons=list(reasons)):
        events.announce(rollout.subject, "reasons")


def _look_after(rollout: Rollout) -> None:
    """After the end: put back what drifts (routers cannot fence), and finish what a rollback left to us."""
    targets = apply.owned(rollout)
    watched = [target for target in targets if _can_change(rollout, target)]
    if watched:
        apply.settle(rollout, watched)
    if rollout.state == RolloutState.ROLLED_BACK:
        standing.restore(rollout)
        if rollout.release.status in {ReleaseStatus.ROLLOUT, ReleaseStatus.WATCH}:
            settle_status(rollout)
    rollout.refresh_from_db()
    long_ago = rollout.ended_at is not None and clock.now() - rollout.ended_at > CLOSE_WATCH
    if not watched and long_ago:
        Rollout.objects.filter(pk=rollout.pk, version=rollout.version).update(next_check_at=None)


def _can_change(rollout: Rollout, target: Target) -> bool:
    """Whether the target is still ours to put right: everything after a rollback, for a late write may come at any
    time; after a completion what a router can forget, while flags were let go and are people's again.
    """
    return rollout.state == RolloutState.ROLLED_BACK or routers.get(target.router).forgets
