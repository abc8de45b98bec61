"""P2: a process that is stopped while it holds what a rollback needs does not keep it."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from rollouts import actions
from rollouts.models import Rollout
from tests.chaos import proof
from tests.chaos.worker import dismiss, employ_holder
from tests.rollouts.story import Story, run_until

pytestmark = pytest.mark.chaos
Told = Callable[..., Story]
WITHIN = 10.0


@pytest.fixture
def stopped(told: object, tmp_path: Path) -> Iterator[Callable[[str], ForkServerProcess]]:
    """`stopped("release:7")`: a process, stopped in the middle of a transaction that wrote to that stream."""
    held: list[ForkServerProcess] = []

    def hold(stream: str) -> ForkServerProcess:
        place: dict[str, Any] = {
            key: connections.settings["default"][key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")
        }
        ready = tmp_path / "ready"
        held.append(employ_holder(place, stream, str(ready)))
        until = time.monotonic() + 20
        while not ready.exists():
            assert time.monotonic() < until, "it never wrote its entry"
            time.sleep(0.02)
        pid = held[-1].pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        return held[-1]

    yield hold
    for process in held:
        dismiss(process)


def test_p2_a_stopped_process_with_the_head_of_the_record_delays_a_rollback_by_seconds_only(
    told: Told, stopped: Callable[[str], ForkServerProcess]
) -> None:
    story = told(bake=600)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    run_until(rollout, lambda row: row.baked_since is not None)
    stopped(story.release.subject)
    began = time.monotonic()
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
    took = time.monotonic() - began
    print(f"rolled back after {took:.1f} s beside a stopped process")  # noqa: T201
    row = Rollout.objects.get(pk=rollout.pk)
    assert row.restored_at is not None and took < WITHIN
    assert took > 1, "nothing was held: this test proves nothing"
    proof.everything_is_at(rollout, 0)
    proof.chain_is_whole()
