"""Two people, or a person and the engine, press at the same moment: one order of it happens, never a mixture."""

from collections.abc import Callable

import pytest
from django.db import OperationalError

from approvals.actions import decide
from core.errors import Conflict, Refused
from core.models import AuditEntry
from releases import actions as releases
from releases.choices import ReleaseStatus
from releases.models import Release
from releases.seal import digest, parts
from rollouts import actions, engine
from rollouts.choices import RolloutState
from rollouts.models import Rollout, Target
from tests.rollouts.hands import baked, in_background, route
from tests.rollouts.story import Story, run_until, visitors

Told = Callable[..., Story]
LAWFUL = (type(None), Conflict, OperationalError)


def settled(rollout: Rollout) -> Rollout:
    for _ in range(2):
        engine.tick([rollout.pk])
    return Rollout.objects.get(pk=rollout.pk)


def test_p9_one_release_started_twice_at_once_rolls_out_once(told: Told) -> None:
    story = told(bake=600)
    raised = in_background(*[lambda: actions.start_rollout(release=story.release, actor=story.rhea)] * 3)
    assert sorted(type(error).__name__ for error in raised) == ["Conflict", "Conflict", "NoneType"]
    assert AuditEntry.objects.filter(action="rollout_started").count() == 1


def test_a_hold_and_an_advance_at_once_leave_it_paused_at_one_step(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    looked = baked(rollout)
    raised = in_background(
        lambda: actions.advance(rollout=looked),
        lambda: actions.hold(rollout=rollout, actor=story.rhea, reason="let me look"),
    )
    assert all(isinstance(error, LAWFUL) for error in raised)
    row = settled(rollout)
    assert row.state == RolloutState.PAUSED
    weight = row.pinned["steps"][row.step]["weight"]
    assert set(row.targets.values_list("desired", "observed")) == {(weight, weight)} and row.desired == weight


def test_p2_a_resume_and_a_rollback_at_once_end_at_zero(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    actions.hold(rollout=rollout, actor=story.rhea, reason="let me look")
    raised = in_background(
        lambda: actions.resume(rollout=rollout, actor=story.rhea),
        lambda: actions.roll_back(rollout=rollout, actor=story.emil, reason="customers call"),
        lambda: engine.tick([rollout.pk]),
    )
    assert raised[1] is None and isinstance(raised[0], LAWFUL)
    row = settled(rollout)
    assert (row.state, row.desired) == (RolloutState.ROLLED_BACK, 0) and row.restored_at is not None
    assert Release.objects.get(pk=row.release_id).status == ReleaseStatus.ROLLED_BACK


def test_p9_a_supersede_and_a_rollback_at_once_leave_one_owner(told: Told) -> None:
    story = told(watch=600)
    old = actions.start_rollout(release=story.release, actor=story.rhea)
    with visitors(story.log):
        run_until(old, lambda row: row.state == RolloutState.WATCH)
    second = told(name="Search 2.1", bake=600)
    raised = in_background(
        lambda: actions.supersede(release=second.release, actor=story.rhea, reason="2.0 is fine"),
        lambda: actions.roll_back(rollout=old, actor=story.emil, reason="customers call"),
    )
    assert all(isinstance(error, LAWFUL) for error in raised) and None in raised
    old.refresh_from_db()
    newer = Rollout.objects.filter(release=second.release).first()
    for rollout in filter(None, (old, newer)):
        settled(rollout)
    assert old.state in (RolloutState.ROLLED_BACK, RolloutState.COMPLETED)
    assert newer is None or old.superseded_by == newer or raised[1] is None
    assert Target.objects.filter(live=True, router="route").count() == (1 if newer else 0)
    (weight,) = route().content()["weights"].values()
    assert weight == (newer.desired if newer else 0)


def test_p1_a_signature_taken_back_pauses_and_a_resume_does_not_help(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    request = story.release.signoff_requests.get()
    sealed = digest(parts(story.release))
    decide(request=request, person=story.bea, verdict="revoke", reason="the numbers are wrong", seal_digest=sealed)
    assert actions.advance(rollout=baked(rollout)) is False
    engine.tick([rollout.pk])
    rollout.refresh_from_db()
    assert rollout.state == RolloutState.PAUSED and "Sign-off" in " ".join(rollout.reasons)
    actions.resume(rollout=rollout, actor=story.rhea)
    assert actions.advance(rollout=baked(rollout)) is False
    engine.tick([rollout.pk])
    rollout.refresh_from_db()
    assert (rollout.state, rollout.step) == (RolloutState.PAUSED, 0)


def test_p1_a_release_that_rolls_out_is_not_cancelled(at_five: tuple[Story, Rollout]) -> None:
    story, _ = at_five
    with pytest.raises((Conflict, Refused)):
        releases.cancel_release(release=story.release, reason="never mind", actor=story.rhea)
