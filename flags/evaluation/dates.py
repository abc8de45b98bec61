"""Dates in contexts and conditions: a strict part of ISO 8601, as instants that compare."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

LONGEST = 40
EPOCH = datetime(1970, 1, 1)
SHAPE = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|z|[+-]\d{2}(?::?\d{2})?)?)?", re.ASCII
)


def instant(text: str) -> int | None:
    """``2026-11-23`` or ``2026-11-23T10:00:00.5+01:00`` in microseconds since 1970, UTC where no zone is named; None
    where it is no date. Parts of a microsecond are cut off.
    """
    return known(text) if len(text) <= LONGEST else None


@lru_cache(maxsize=4096)
def known(text: str) -> int | None:
    """`instant` of a text that is not too long to be remembered."""
    shape = SHAPE.fullmatch(text)
    if shape is None:
        return None
    day, time, zone = shape.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{_six_digits(time or '00:00')}")
        return (moment - EPOCH) // timedelta(microseconds=1) - _offset(zone or "Z")
    except ValueError:
        return None


def _six_digits(time: str) -> str:
    whole, dot, fraction = time.partition(".")
    return f"{whole}.{fraction[:6]:0<6}" if dot else whole


def _offset(zone: str) -> int:
    """In microseconds; ValueError where no clock has it."""
    if zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    minutes += 60 * hours
    return (-minutes if zone[0] == "-" else minutes) * 60_000_000
