"""P8: killed before and after every commit, send and observe, the run ends as if nothing had happened."""

from collections.abc import Callable, Iterable
from multiprocessing.context import ForkServerProcess

import pytest

from core import clock, failpoints
from core.weights import FULL
from releases import actions as releases
from releases.choices import ReleaseStatus
from releases.models import Release
from rollouts import actions, apply, engine  # noqa: F401  (they declare their failpoints)
from rollouts.choices import RolloutState
from rollouts.models import Rollout
from tests.chaos import proof
from tests.chaos.worker import dismiss, killed
from tests.rollouts.story import Story, visitors

pytestmark = pytest.mark.chaos
Told = Callable[..., Story]
Hire = Callable[..., ForkServerProcess]
WEIGHTS = (25_000, FULL)

TO_EVERYONE = (
    *("claim.before_commit", "claim.after_commit", "fold.before_commit", "fold.after_commit"),
    *("lease.after_commit", "send.before", "send.after", "observe.before", "observe.after_commit"),
    *("confirm.before_commit", "confirm.after_commit", "advance.before_commit", "advance.after_commit"),
    *("watch.before_commit", "watch.after_commit", "complete.before_commit", "complete.after_commit"),
)
"""In an order in which one rollout passes them: the observed places again at each step."""
WAY_BACK = tuple(
    f"{what}.{place}_commit" for what in ("roll_back", "restore", "status") for place in ("before", "after")
)
HOLD, LIFT, PAUSE = (
    tuple(f"{what}.{place}_commit" for place in ("before", "after")) for what in ("hold", "lift", "pause")
)


def test_every_declared_place_is_killed_at() -> None:
    """Those of mails in tests/core/test_p8_outbox.py, those of telling signers in tests/approvals/test_p8_told.py."""
    elsewhere = {name for name in failpoints.KNOWN if name.startswith(("outbox.", "told."))}
    assert {*TO_EVERYONE, *WAY_BACK, *HOLD, *LIFT, *PAUSE} == failpoints.KNOWN - elsewhere


def in_the_end(rollout: Rollout, weight: int) -> None:
    proof.steps_taken_once(rollout)
    proof.everything_is_at(rollout, weight)
    proof.chain_is_whole()


def kill_at(names: Iterable[str], hire: Hire) -> None:
    """One worker after the other, each dies at the next of these places."""
    for name in names:
        assert killed(hire(name), 30), f"{name} was never reached"


def test_p8_killed_on_the_way_to_everyone(told: Told, hire: Hire) -> None:
    story = told(weights=(5_000, 10_000, 20_000, 30_000, 50_000, 75_000, FULL))
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    with visitors(story.log):
        kill_at(TO_EVERYONE, hire)
        hire()
        proof.wait(rollout, lambda row: row.state == RolloutState.COMPLETED)
    in_the_end(rollout, FULL)


def test_p8_killed_on_the_way_back(told: Told, hire: Hire) -> None:
    story = told(weights=WEIGHTS, bake=60)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    with visitors(story.log, canary=0.8):
        kill_at(WAY_BACK, hire)
        hire()
        proof.wait(rollout, lambda row: row.restored_at)
    in_the_end(rollout, 0)
    assert Release.objects.get(pk=story.release.pk).status == ReleaseStatus.ROLLED_BACK


def test_p8_killed_around_a_hold(told: Told, hire: Hire) -> None:
    story = told(weights=WEIGHTS, bake=6)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    frozen = {"starts_at": clock.now(), "ends_at": clock.now().replace(year=2099)}
    freeze = releases.add_freeze(product=story.release.product, reason="Black Friday", actor=story.rhea, **frozen)
    with visitors(story.log):
        kill_at(HOLD, hire)
        rollout.refresh_from_db()
        assert rollout.state == RolloutState.HELD
        Rollout.objects.filter(pk=rollout.pk).update(baked_since=clock.now())  # it bakes again: a lift is not a step
        releases.lift_freeze(freeze=freeze, actor=story.rhea)
        kill_at(LIFT, hire)
        hire()
        proof.wait(rollout, lambda row: row.state == RolloutState.COMPLETED)
    in_the_end(rollout, FULL)


def test_p8_killed_around_a_pause(told: Told, hire: Hire) -> None:
    story = told(weights=WEIGHTS, no_data_seconds=1)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    kill_at(PAUSE, hire)
    rollout.refresh_from_db()
    assert rollout.state == RolloutState.PAUSED
    assert story.rhea.messages.filter(kind="rollout_paused").count() == 1
    hire()
    with visitors(story.log):
        proof.wait(rollout, lambda row: row.kpi_states.get().verdict != "no_data")
        actions.resume(rollout=rollout, actor=story.rhea)
        proof.wait(rollout, lambda row: row.state == RolloutState.COMPLETED)
    in_the_end(rollout, FULL)


def test_p8_a_worker_that_lives_passes_everything_on_the_way(told: Told, hire: Hire) -> None:
    """The control: without a kill the same checks hold, so that they are about the kills."""
    story = told(weights=WEIGHTS)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    worker = hire()
    with visitors(story.log):
        proof.wait(rollout, lambda row: row.state == RolloutState.COMPLETED)
    dismiss(worker)
    in_the_end(rollout, FULL)
