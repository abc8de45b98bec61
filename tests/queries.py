"""How many queries something costs."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext


def cost(call: Callable[[], object]) -> int:
    """Queries that `call` makes on this thread's connection."""
    with CaptureQueriesContext(connection) as queries:
        call()
    return len(queries)
