"""A hint never makes a request wait, and never makes it fail."""

import time

import pytest
from celery import current_app
from django.db import transaction
from redis import Redis

from core import queue
from tests.conftest import FreshDatabase


def test_a_hint_reaches_the_broker_after_commit(fresh_db: FreshDatabase, redis_url: str) -> None:
    with Redis.from_url(redis_url) as broker:
        with transaction.atomic():
            queue.hint("core.tasks.deliver_due")
            time.sleep(0.2)
            assert broker.llen("mail") == 0
        deadline = time.monotonic() + 10
        while broker.llen("mail") == 0:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_dead_broker_costs_nothing(fresh_db: FreshDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*args: object, **kwargs: object) -> None:
        time.sleep(5)
        raise ConnectionError

    monkeypatch.setattr(current_app, "send_task", hang)
    began = time.monotonic()
    for _ in range(2_000):  # more than are kept
        queue.hint("core.tasks.deliver_due")
    assert time.monotonic() - began < 2
