"""Locks, in one order everywhere: product → release row → rollout → targets → audit stream head.

Growth takes a product's lock shared; product-wide facts (roles, teams, policies, freezes) take it exclusively.
Rollback takes neither product nor release.
"""

from django.db import connection

_NAMESPACE = 0x51  # keeps product ids apart from other advisory locks


def product_shared(product_id: int) -> None:
    """Hold a product's facts still until the transaction ends. Raises OperationalError after `lock_timeout`."""
    _advisory("pg_advisory_xact_lock_shared", product_id)


def product_exclusive(product_id: int) -> None:
    """Change a product's facts: nobody grows meanwhile. Raises OperationalError after `lock_timeout`."""
    _advisory("pg_advisory_xact_lock", product_id)


def _advisory(function: str, product_id: int) -> None:
    assert connection.in_atomic_block, "an advisory lock of a transaction needs a transaction"
    bounded()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [_NAMESPACE, product_id])


def wanted() -> bool:
    """Whether somebody waits for a lock of this transaction: what takes long asks now and then, and gives way."""
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
    with connection.cursor() as cursor:
        cursor.execute(waiting)
        row = cursor.fetchone()
    return bool(row and row[0])


def bounded() -> None:
    """Wait at most 2 s for any lock in this transaction; and should this process freeze while it holds one, PostgreSQL
    ends the transaction after 5 s: others wait for it, a rollback among them.
    """
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '5s'")
