"""What bulk answers gave, counted many answers at a time: one by one it would cost a tenth of evaluating them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

MOST_ROWS = 1_024
"""Answers that wait to be counted."""

_counting = threading.Lock()


class Given:
    """`counts`: how often each answer of a flag was given, of each flag that is asked; `always`: the same of flags that
    give everybody their first. Other objects may count in the same lists.
    """

    def __init__(self, counts: Sequence[list[int]], always: Sequence[list[int]]) -> None:
        self._counts = counts
        self._always = always
        self._rows: list[bytes] = []

    def add(self, numbers: bytes) -> None:
        """One answer: the number of each asked flag's, each below 255."""
        self._rows.append(numbers)
        if len(self._rows) >= MOST_ROWS:
            self.count()

    def count(self) -> None:
        """Count what was added since the last time. Any thread may, also while others add."""
        with _counting:
            rows = self._rows[:]
            del self._rows[: len(rows)]
            for one in self._always:
                one[0] += len(rows)
            given = b"".join(rows)
            for place, counts in enumerate(self._counts):
                column = given[place :: len(self._counts)]
                for number in range(len(counts)):
                    counts[number] += column.count(number)
