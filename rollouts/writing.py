"""What every change of a rollout has in common: short transactions that a frozen process cannot keep open."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.db import transaction

from core import failpoints, locks
from core.models import User
from rollouts.models import Reason, Rollout

ENGINE = (
    *("advance", "watch", "complete", "hold", "lift", "pause", "roll_back"),
    *("claim", "fold", "confirm", "restore", "status"),
)
"""What the engine writes."""
failpoints.declare(*(f"{name}.{place}" for name in ENGINE for place in ("before_commit", "after_commit")))


@contextmanager
def writing(name: str = "") -> Iterator[None]:
    """A transaction, with a failpoint on each side of its commit if it is one of the engine's.

    No lock is waited for longer than 2 s; and PostgreSQL ends it should this process freeze within: a rollback waits
    for its row, and must not wait for ever.
    """
    with transaction.atomic():
        locks.bounded()
        if name:  # first of all that follows the commit
            transaction.on_commit(partial(failpoints.reach, f"{name}.after_commit"))
        yield
        if name:
            failpoints.reach(f"{name}.before_commit")


def locked(rollout: Rollout) -> Rollout:
    """The rollout's row as it is now, held until the transaction ends; with its release, which is not locked."""
    rows = Rollout.objects.select_for_update(of=("self",)).select_related("release__product", "environment")
    return rows.get(pk=rollout.pk)


def say(rollout: Rollout, person: User | None, text: str) -> None:
    """Keep why a person did it in their own words, where they can be erased. Slipway's own words are `reasons`."""
    if person is not None:
        Reason.objects.create(rollout=rollout, person=person, salt=secrets.token_hex(16), text=text)
