"""What people write about flags between the start of a rollout and its first move, and long after its end."""

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import Refused
from core.weights import FULL
from flags import actions as flags
from flags.models import FlagState
from rollouts import actions, engine
from rollouts.models import Rollout, Target
from tests.rollouts.story import Story, run_until

Told = Callable[..., Story]


def test_p1_who_gets_what_stays_as_signed_before_the_first_move(told: Told) -> None:
    story = told(bake=600, carried_by_flags=True)
    flag, production = story.flags[0], story.plan.environment
    asked: dict[str, Any] = {"flag": flag, "environment": production, "actor": story.emil}
    actions.start_rollout(release=story.release, actor=story.rhea)
    assert FlagState.objects.get(flag=flag, environment=production).withheld
    with pytest.raises(Refused, match="only through its rollout"):
        flags.set_targeting(targeting={"pins": {"u-1": "on"}}, **asked)
    assert not flags.kill(**asked).enabled


def test_an_ended_rollout_leaves_a_flag_that_was_let_go_of_to_people(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    flag, production = story.flags[0], rollout.environment
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="it crashes")
    run_until(rollout, lambda row: row.restored_at is not None)
    flags.unclaim(
        holder=story.release.subject, actor=story.rhea
    )  # as a release that takes it over does, and gives it up
    flags.set_weight(flag=flag, environment=production, weight=FULL, actor=story.emil)
    engine.tick([rollout.pk])
    assert FlagState.objects.get(flag=flag, environment=production).weight == FULL
    Target.objects.filter(rollout=rollout, key=flag.key).update(observed=5_000)
    engine.tick([rollout.pk])
    assert FlagState.objects.get(flag=flag, environment=production).weight == 0, "never seen back: a late write"
