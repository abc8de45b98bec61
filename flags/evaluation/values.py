"""The values that stand in conditions, checked: which each operator takes, and what is wrong with others."""

from __future__ import annotations

import math

import re2

from flags.evaluation.dates import instant
from flags.evaluation.patterns import MAX_STEPS, one_pattern, steps
from flags.evaluation.versions import precedence

MAX_TEXT = 1_000
MAX_LIST = 1_000
MAX_PATTERN = 200
SAFE_INTEGER = 2**53 - 1
"""Beyond it, a reader whose numbers are floats would see another number."""


class Unfit(ValueError):
    """A value that an operator cannot take; says which it could."""


def is_number(value: object) -> bool:
    """Whether a JSON value is a number that every reader understands the same; true and false are none."""
    if type(value) is int:
        return abs(value) <= SAFE_INTEGER
    return type(value) is float and math.isfinite(value)


def scalar(value: object) -> object:
    if isinstance(value, bool) or is_number(value):
        return value
    return text(value, "a text, a number, true or false")


def text(value: object, wanted: str = "a text") -> str:
    if not isinstance(value, str):
        raise Unfit(f"This must be {wanted}.")
    if len(value) > MAX_TEXT:
        raise Unfit(f"This may have {MAX_TEXT} characters.")
    if not value.isprintable() and any("\ud800" <= sign <= "\udfff" for sign in value):
        raise Unfit("This text has half a character (a lone surrogate).")
    return value


def part(value: object) -> str:
    """Of a text: an empty one would be in every text, and not every reader agrees that it is in an empty one."""
    if value == "":
        raise Unfit("This must not be empty.")
    return text(value)


def scalars(value: object) -> list[object]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_LIST:
        raise Unfit(f"This must be a list of 1 to {MAX_LIST} texts, numbers, true or false.")
    return [scalar(one) for one in value]


def number(value: object) -> object:
    if not is_number(value):
        raise Unfit("This must be a number.")
    return value


def pattern(value: object) -> str:
    found = text(value)
    if not found or len(found) > MAX_PATTERN:
        raise Unfit(f"A pattern has 1 to {MAX_PATTERN} characters.")
    try:
        size = steps(found)
        if size <= MAX_STEPS:
            one_pattern(found)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise Unfit(f"RE2 does not take this pattern: {_readable(said)}.") from error
    if size > MAX_STEPS:
        raise Unfit(f"RE2 makes {size:,} steps of this pattern; there may be {MAX_STEPS:,}: let it repeat less.")
    return found


def version(value: object) -> str:
    found = text(value, "a version such as 2.4.0")
    if precedence(found) is None:
        raise Unfit("This must be a version such as 2.4.0 or v2.4.0-rc.1.")
    return found


def date(value: object) -> str:
    found = text(value, "a date such as 2026-11-23 or 2026-11-23T10:00:00Z")
    if instant(found) is None:
        raise Unfit("This must be a date such as 2026-11-23 or 2026-11-23T10:00:00Z.")
    return found


def _readable(said: object) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
