"""JSON that others sent, read so that nobody who looks at it later breaks on it."""

import json
from collections.abc import Iterator
from typing import Any

DEEPEST = 240
"""Levels. From 254 on orjson writes no more, and what was sent stands some levels down in what is written."""


def loads(text: str) -> Any:
    """JSON as the standard has it: NaN is none. Raises ValueError, also for what is nested too deep."""
    try:
        found = json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("It is nested too deep.") from error
    if deeper(found):
        raise ValueError("It is nested too deep.")
    return found


def deeper(value: object, limit: int = DEEPEST) -> bool:
    """Whether objects and lists stand in one another more than `limit` deep. It goes down without calling itself, so
    nothing is too deep to be asked about.
    """
    level = list(_nests([value]))
    while level and limit > 0:
        level = [inner for one in level for inner in _nests(one.values() if isinstance(one, dict) else one)]
        limit -= 1
    return bool(level)


def _nests(values: Any) -> Iterator[Any]:
    return (one for one in values if isinstance(one, dict | list))


def _no_number(name: str) -> Any:
    raise ValueError(name)
