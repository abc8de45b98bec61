"""One tick of a rollout at a time. Two would do no harm, only work; a slow router must not fill all workers."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_NAMESPACE = 0x52


@contextmanager
def alone(rollout_id: int) -> Iterator[bool]:
    """Whether this process alone ticks the rollout now. PostgreSQL lets go of it when the process dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_NAMESPACE, rollout_id])
        row = cursor.fetchone()
    mine = bool(row and row[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_NAMESPACE, rollout_id])
