"""P8: PostgreSQL crashes and comes back while workers are at it; Redis forgets everything, again and again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
import redis
from django.conf import settings as live_settings
from django.db import OperationalError, connections
from pytest_django import DjangoDbBlocker

from config.embedded import identity, postgres
from core.weights import FULL
from rollouts import actions
from rollouts.choices import RolloutState
from rollouts.models import Rollout
from tests.chaos import proof
from tests.conftest import FreshDatabase
from tests.rollouts.story import Story, visitors
from tests.services import Services

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]
Told = Callable[..., Story]
Hire = Callable[..., ForkServerProcess]
WEIGHTS = (5_000, 25_000, 50_000, FULL)


class Crashing:
    """A PostgreSQL of one test's own, which can be killed and started again in its old place."""

    def __init__(self, folder: Path, url: str) -> None:
        self.cluster = postgres.start(folder / "postgres", log=folder / "postgres.log", settings={"fsync": "off"})
        self.services = Services(folder=folder, cluster=self.cluster, redis_url=url)

    def crash(self) -> None:
        process = self.cluster.process
        assert process is not None
        process.send_signal(signal.SIGQUIT)  # at once, nothing written: it recovers from its log
        process.wait(20)

    def recover(self) -> None:
        process = self.cluster.process
        assert process is not None
        again = subprocess.Popen(
            process.args, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self.cluster = replace(self.cluster, process=again)


@pytest.fixture
def crashing(tmp_path: Path, services: Services) -> Iterator[Crashing]:
    crashing = Crashing(tmp_path, services.redis_url)
    yield crashing
    crashing.cluster.stop()


@pytest.fixture
def fresh_db(
    crashing: Crashing, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
) -> Iterator[FreshDatabase]:
    """Like the usual one, in the cluster that will crash."""
    with django_db_blocker.unblock(), crashing.services.clone("crashing"):
        environment = crashing.services.environment("crashing")
        connections.close_all()
        mine = connections.settings["default"]
        place = {
            "NAME": "crashing",
            "HOST": str(crashing.cluster.sockets),
            "PASSWORD": crashing.cluster.passwords[postgres.APP],
        }
        for key, value in place.items():
            monkeypatch.setitem(mine, key, value)
        yield FreshDatabase("crashing", environment["DATABASE_URL"], environment["DATABASE_OWNER_URL"], environment)
        connections.close_all()


def test_p8_postgresql_crashes_and_comes_back(told: Told, hire: Hire, crashing: Crashing) -> None:
    story = told(weights=WEIGHTS, bake=3)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    workers = [hire(), hire()]
    with visitors(story.log):
        for step in (0, 1, 2):
            until_step(rollout, step)
            crashing.crash()
            time.sleep(0.7)
            crashing.recover()
            after_recovery(rollout)
        assert all(worker.is_alive() for worker in workers)
        proof.wait(rollout, lambda row: row.state == RolloutState.COMPLETED, within=60)
    proof.steps_taken_once(rollout)
    proof.everything_is_at(rollout, FULL)
    proof.chain_is_whole()


def until_step(rollout: Rollout, step: int) -> None:
    proof.wait(rollout, lambda row: row.step >= step and row.baked_since is not None)


def after_recovery(rollout: Rollout) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            connections.close_all()
            rollout.refresh_from_db()
            return
        except OperationalError:
            assert time.monotonic() < until, "PostgreSQL did not come back"
            time.sleep(0.1)


@pytest.fixture
def celery(told: Told, crashing: Crashing, redis_url: str) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """`celery()` starts a worker with its beat, as in production, on this test's database."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            **crashing.services.environment("crashing"),
            "REDIS_URL": redis_url,
            "SLIPWAY_TICK": "0.2",
            "SLIPWAY_ROUTERS": json.dumps(live_settings.SLIPWAY_ROUTERS),
            "SLIPWAY_METRICS": json.dumps(live_settings.SLIPWAY_METRICS),
        }
        schedule = str(crashing.services.folder / "beat")
        command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-B", "-s", schedule]
        command += ["-Q", "default,rollback", "-c", "2", "-l", "warning"]
        started.append(subprocess.Popen(identity.tied(command), env=environment, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_p8_redis_forgets_everything_all_the_time(
    told: Told, celery: Callable[[], subprocess.Popen[bytes]], redis_url: str
) -> None:
    story = told(weights=WEIGHTS)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    celery()
    flushed = 0

    def flush(row: Rollout) -> bool:
        nonlocal flushed
        with redis.Redis.from_url(redis_url) as client:
            flushed += bool(client.flushdb())
        return row.state == RolloutState.COMPLETED

    with visitors(story.log):
        proof.wait(rollout, flush, within=90)
    assert flushed > 20
    proof.steps_taken_once(rollout)
    proof.everything_is_at(rollout, FULL)
