"""One clock: PostgreSQL's. Rules never read it; they are given what it said."""

from datetime import datetime, timedelta

from django.db import connection

FARTHEST = timedelta(days=36_525)
"""At the ends of the calendar a time has no wall clock in half of the zones, and no page could say it."""


def now() -> datetime:
    """The database server's wall clock in UTC, also inside a transaction (where SQL's `now()` stands still)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment
