"""P1: what is written between the start of a rollout and its first move was signed by nobody."""

from collections.abc import Callable

import pytest

from core.errors import Refused
from flags import actions as flags
from flags.models import FlagState
from rollouts import actions
from tests.rollouts.story import Story

Told = Callable[..., Story]


def test_p1_who_gets_what_stays_as_signed_before_the_first_move(told: Told) -> None:
    story = told(bake=600, carried_by_flags=True)
    flag, production = story.flags[0], story.plan.environment
    asked = {"flag": flag, "environment": production, "actor": story.emil}
    flags.set_targeting(targeting={"pins": {"u-0": "off"}}, **asked)
    flags.set_targeting(targeting={}, **asked)
    actions.start_rollout(release=story.release, actor=story.rhea)
    assert FlagState.objects.get(flag=flag, environment=production).withheld
    with pytest.raises(Refused, match="only through its rollout"):
        flags.set_targeting(targeting={"pins": {"u-1": "on"}}, **asked)
    assert not flags.kill(**asked).enabled
