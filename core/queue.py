"""Hints to the workers. What is to be done stands in PostgreSQL and is found there anyway; a hint only makes it sooner.

So nothing here may make a request wait or fail: hints are handed to a thread, and lost when the broker is gone.
"""

import logging
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)
_waiting: queue.Queue[tuple[str, tuple[Any, ...]]] = queue.Queue(maxsize=1_000)
_started_in = 0
_starting = threading.Lock()


def hint(task: str | Callable[..., Any], *args: Any) -> None:
    """After commit, ask a worker to run `task` (a task, or its dotted name) with `args`. Never raises, never waits."""
    name = task if isinstance(task, str) else str(getattr(task, "name", f"{task.__module__}.{task.__qualname__}"))
    transaction.on_commit(lambda: _put(name, args), robust=True)


def _put(name: str, args: tuple[Any, ...]) -> None:
    _start()
    try:
        _waiting.put_nowait((name, args))
    except queue.Full:
        log.warning("hint for %s dropped: the broker has not answered for a while", name)


def _start() -> None:
    """The thread of this process; a forked child needs its own."""
    global _started_in
    with _starting:
        if _started_in != os.getpid():
            _started_in = os.getpid()
            threading.Thread(target=_send_all, name="hints", daemon=True).start()


def _send_all() -> None:
    while True:
        name, args = _waiting.get()
        try:
            current_app.send_task(name, args=args, retry=False, ignore_result=True)
        except Exception as error:  # any failure of the broker: the row is still there, and beat will find it
            log.info("hint for %s not sent: %s", name, error)
