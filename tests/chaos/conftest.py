"""The story of `tests/rollouts`, and workers that can be killed."""

from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerProcess

import pytest
from django.conf import settings as live_settings
from django.db import connections

from tests.chaos.worker import Job, dismiss, employ
from tests.rollouts.conftest import told

__all__ = ["told"]


@pytest.fixture
def hire(told: object) -> Iterator[Callable[..., ForkServerProcess]]:
    """`hire(failpoint="send.before")` starts a worker on this test's database; all are gone after the test."""
    hired: list[ForkServerProcess] = []

    def start(failpoint: str = "") -> ForkServerProcess:
        names = ("SLIPWAY_ROUTERS", "SLIPWAY_METRICS", "SLIPWAY_HTTP_ALLOW")
        own = {name: getattr(live_settings, name) for name in names}
        place = {key: connections.settings["default"][key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
        job = Job({"environment": {}, "settings": place}, {**own, "TICK_SECONDS": 0.1}, failpoint)
        hired.append(employ(job))
        return hired[-1]

    yield start
    for process in hired:
        dismiss(process)
