"""A real worker process: the engine's beat, over and over, until somebody kills it."""

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from typing import Any

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.chaos.warm"])


@dataclass(frozen=True)
class Job:
    """What a worker needs to know. `failpoint`: where it must die; empty: nowhere."""

    database: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    failpoint: str = ""
    beat: float = 0.05


def employ(job: Job) -> ForkServerProcess:
    """Start one. It dies with SIGKILL, or lives until `dismiss`."""
    process = _context.Process(target=work, args=(job,), daemon=True)
    process.start()
    return process


def dismiss(process: ForkServerProcess) -> None:
    process.kill()
    process.join(10)


def killed(process: ForkServerProcess, within: float) -> bool:
    """Whether it died of SIGKILL in that time."""
    process.join(within)
    return process.exitcode == -signal.SIGKILL


def work(job: Job) -> None:
    from django.conf import settings
    from django.db import DatabaseError, connections

    import tests.chaos.warm  # noqa: F401  (Django, once, in the server that forks us)
    from core import failpoints
    from rollouts import engine

    os.environ.update(job.database["environment"])
    connections.settings["default"].update(job.database["settings"])
    for name, value in job.settings.items():
        setattr(settings, name, value)
    failpoints._ARMED = job.failpoint
    while True:
        try:
            engine.run_once()
        except DatabaseError:
            connections.close_all()
        time.sleep(job.beat)


def employ_holder(database: dict[str, Any], stream: str, ready: str) -> ForkServerProcess:
    """Start a process that writes to `stream`, creates the file `ready`, and does not get to its commit."""
    process = _context.Process(target=hold_head, args=(database, stream, ready), daemon=True)
    process.start()
    return process


def hold_head(database: dict[str, Any], stream: str, ready: str) -> None:
    from pathlib import Path

    from django.db import connections, transaction

    import tests.chaos.warm  # noqa: F401
    from core import audit

    connections.settings["default"].update(database)
    with transaction.atomic():
        audit.record(stream=stream, actor=None, action="product_changed", subject=stream)
        Path(ready).touch()
        time.sleep(600)
