"""P8: a hundred kills at random; Envoy that forgets; a write that comes late."""

import random
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from pytest_django import Settings

from core.weights import FULL
from rollouts import actions, engine, routers
from rollouts.choices import RolloutState
from rollouts.models import Rollout, Target
from tests.chaos import proof
from tests.chaos.worker import dismiss
from tests.rollouts.routers.rigs import HoldingProxy, RealEnvoy
from tests.rollouts.story import Story, run_until, visitors

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
Told = Callable[..., Story]
Hire = Callable[..., ForkServerProcess]
KILLS = 100


@pytest.fixture
def envoy(tmp_path: Path, told: Told, settings: Settings) -> Iterator[RealEnvoy]:
    envoy = RealEnvoy(tmp_path)
    envoy.start()
    yield envoy
    envoy.stop()


def by_envoy(told: Told, envoy: RealEnvoy, settings: Settings, *, admin: int | None = None, **plan: object) -> Story:
    """The story with its route at the real proxy."""
    story = told_without_gate(told, settings, envoy, admin, plan)
    settings.SLIPWAY_HTTP_ALLOW = [f"127.0.0.1:{envoy.admin}", f"127.0.0.1:{admin or envoy.admin}"]
    return story


def told_without_gate(
    told: Told, settings: Settings, envoy: RealEnvoy, admin: int | None, plan: dict[str, object]
) -> Story:
    story = told(**plan)
    settings.SLIPWAY_ROUTERS = {**settings.SLIPWAY_ROUTERS, "route": envoy.configured(admin)}
    return story


def at_envoy(rollout: Rollout, envoy: RealEnvoy, settings: Settings) -> int | None:
    """The weight, asked at the real admin address."""
    from rollouts import apply

    target = Target.objects.get(rollout=rollout, router="route")
    place = apply.place(Rollout.objects.select_related("release").get(pk=rollout.pk), target)
    settings.SLIPWAY_ROUTERS = {**settings.SLIPWAY_ROUTERS, "asked": envoy.configured()}
    return routers.get("asked").read([place])["search"].weight


def test_p8_a_hundred_kills(told: Told, hire: Hire) -> None:
    story = told(weights=(5_000, 25_000, 50_000, FULL), bake=4, limit=1.0)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    dice, kills = random.Random(11), 0
    workers = [hire(), hire()]
    with visitors(story.log):
        while kills < KILLS:
            time.sleep(dice.uniform(0.0, 0.5))
            worker = workers.pop(dice.randrange(len(workers)))
            alive = worker.is_alive()
            dismiss(worker)
            kills += alive
            workers.append(hire())
        proof.wait(rollout, lambda row: row.state == RolloutState.COMPLETED, within=150)
    for worker in workers:
        dismiss(worker)
    proof.steps_taken_once(rollout)
    proof.everything_is_at(rollout, FULL)
    proof.nothing_was_folded_twice(rollout, story.log)
    proof.chain_is_whole()


def test_p8_envoy_restarts_and_has_forgotten(told: Told, envoy: RealEnvoy, settings: Settings) -> None:
    story = by_envoy(told, envoy, settings, bake=600)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    with visitors(story.log):
        run_until(rollout, lambda row: row.baked_since is not None)
        envoy.stop()
        engine.tick([rollout.pk])
        assert "does not answer" in Target.objects.get(rollout=rollout, router="route").problem
        envoy.start()
        assert at_envoy(rollout, envoy, settings) == 0
        run_until(rollout, lambda row: at_envoy(row, envoy, settings) == 5_000, within=10)
    assert rollout.step == 0 and Target.objects.get(rollout=rollout, router="route").problem == ""


def test_p2_a_write_held_back_until_everybody_was_back_is_undone_within_5_s(
    told: Told, envoy: RealEnvoy, settings: Settings, hire: Hire
) -> None:
    proxy = HoldingProxy(envoy.admin, b"green=250")
    story = by_envoy(told, envoy, settings, admin=proxy.port, weights=(5_000, 25_000, FULL))
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    try:
        hire()
        with visitors(story.log):
            assert proxy.holding.wait(30), "25 % was never sent"
            actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
            proof.wait(rollout, lambda row: row.restored_at)
            assert at_envoy(rollout, envoy, settings) == 0
            proxy.let_go.set()
            assert proxy.passed_on.wait(10)
            landed = time.monotonic()
            until = landed + 5
            while at_envoy(rollout, envoy, settings) != 0:
                assert time.monotonic() < until, "the late write still stands"
                time.sleep(0.05)
            print(f"undone after {time.monotonic() - landed:.2f} s")  # noqa: T201
    finally:
        proxy.close()
    proof.chain_is_whole()
