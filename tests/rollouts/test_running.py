"""P1: each target tells what it runs; where that is not the signed digest, growth holds."""

from datetime import UTC, datetime, timedelta

import pytest

from core import clock
from releases import actions as releases
from releases.models import Build, Slot
from releases.rules import GateState
from rollouts import actions, engine
from rollouts.choices import RolloutState
from rollouts.models import Rollout
from rollouts.running import SlotFact, new_side, old_side
from tests.rollouts.hands import baked
from tests.rollouts.story import BLUE, GREEN, Story

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def slot(digest: str = GREEN, said: str | None = None, age: float = 1.0) -> SlotFact:
    said_at = None if said is None else NOW - timedelta(seconds=age)
    return SlotFact(
        place="green", digest=digest, version="2.1", answers=said is not None, said_digest=said or "", said_at=said_at
    )


@pytest.mark.parametrize(
    ("fact", "state"),
    [
        (slot(), GateState.OPEN),
        (slot(said=GREEN), GateState.OPEN),
        (slot(said=GREEN, age=61), GateState.WAITING),
        (slot(said=BLUE), GateState.BLOCKED),
        (slot(BLUE), GateState.BLOCKED),
        (slot(BLUE, said=GREEN), GateState.BLOCKED),
        (slot(""), GateState.BLOCKED),
        (SlotFact(place="green", digest=GREEN, answers=True), GateState.WAITING),
    ],
)
def test_p1_the_new_side_runs_what_was_signed_by_record_and_by_its_own_fresh_word(
    fact: SlotFact, state: GateState
) -> None:
    assert new_side(fact, GREEN, "2.0", NOW).state is state


def test_p1_the_old_side_is_a_way_back() -> None:
    assert old_side(slot(BLUE), GREEN, "2.0").is_open
    assert not old_side(slot(GREEN), GREEN, "2.0").is_open
    assert not old_side(slot(BLUE, said=GREEN), GREEN, "2.0").is_open


def redeploy(story: Story, where: str, digest: str, version: str) -> None:
    product = story.release.product
    build = Build.objects.filter(digest=digest).first()
    build = build or releases.register_build(product=product, version=version, digest=digest, actor=story.emil)[0]
    at = Slot.objects.get(name=where)
    releases.register_deployment(build=build, environment=at.environment, slot=at, actor=story.emil)


def test_p1_another_build_on_green_holds_and_blue_running_it_does_not_help(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    redeploy(story, "blue", GREEN, "2.0")
    redeploy(story, "green", f"sha256:{'c' * 64}", "2.1")
    assert actions.advance(rollout=baked(rollout)) is False
    engine.tick([rollout.pk])
    rollout.refresh_from_db()
    assert (rollout.state, rollout.step) == (RolloutState.HELD, 0)
    assert "Users are sent to Storefront production green, which runs 2.1" in rollout.reasons[0]
    redeploy(story, "blue", BLUE, "1.9")
    redeploy(story, "green", GREEN, "2.0")
    assert actions.advance(rollout=baked(rollout)) is True


def test_p1_what_green_says_of_itself_holds_too(at_five: tuple[Story, Rollout]) -> None:
    _, rollout = at_five
    green = Slot.objects.filter(name="green")
    green.update(version_url="http://127.0.0.1:9/", observed_digest=BLUE, observed_at=clock.now())
    assert actions.advance(rollout=baked(rollout)) is False
    green.update(observed_digest=GREEN, observed_at=clock.now() - timedelta(seconds=90))
    assert actions.advance(rollout=baked(rollout)) is False
    green.update(observed_at=clock.now())
    assert actions.advance(rollout=baked(rollout)) is True


def test_p1_blue_running_the_new_version_is_no_way_back(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    redeploy(story, "blue", GREEN, "2.0")
    assert actions.advance(rollout=baked(rollout)) is False
    engine.tick([rollout.pk])
    rollout.refresh_from_db()
    assert rollout.state == RolloutState.HELD and "no old version to go back to" in rollout.reasons[0]
