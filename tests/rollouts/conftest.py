"""A release that may go, in a database where commits are real."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from core.models import User
from rollouts import actions
from rollouts.models import Rollout
from tests.rollouts import story
from tests.rollouts.story import Story, run_until


@pytest.fixture
def told(
    fresh_db: object, rhea: User, emil: User, bea: User, tmp_path: Path, settings: Settings
) -> Callable[..., Story]:
    """`told(bake=1)` is a signed release with such a plan, and the settings that its routers and sources need."""

    def tell(**of_the_plan: object) -> Story:
        route = {"backend": "recording", "options": {"file": str(tmp_path / "route.json")}}
        broken = {"backend": "recording", "options": {"file": str(tmp_path / "broken.json"), "slow": 9.0}}
        settings.SLIPWAY_ROUTERS = {"flag": {"backend": "flag"}, "route": route, "broken": broken}
        log = {"backend": "access_log", "options": {"path": str(tmp_path / "visits.log")}}
        settings.SLIPWAY_METRICS = {"visits": log}
        return story.tell(tmp_path, **of_the_plan)  # type: ignore[arg-type]

    return tell


@pytest.fixture
def at_five(told: Callable[..., Story]) -> tuple[Story, Rollout]:
    """5 % confirmed, long before its bake is over."""
    story = told(bake=600)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    return story, run_until(rollout, lambda row: row.baked_since is not None)
