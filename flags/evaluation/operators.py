"""The operators of conditions: which value each takes, and the test that it makes of it.

A test gets an attribute's value as the context has it, of any JSON shape, and never raises: what is missing or of
another type fits nothing.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import re2

from flags.evaluation.dates import instant
from flags.evaluation.versions import precedence

Test = Callable[[Any], bool]

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
        compile_pattern(found)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise Unfit(f"RE2 does not take this pattern: {_readable(said)}.") from error
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


def compile_pattern(source: str) -> Any:
    """Linear in the subject, whatever the pattern; its automaton may take 1 MiB."""
    options = re2.Options()
    options.max_mem = 1 << 20
    options.never_capture = True
    options.log_errors = False
    return re2.compile(source, options)


def _readable(said: object) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _equals(wanted: Any) -> Test:
    if isinstance(wanted, str):
        return lambda value: value == wanted  # nothing else in JSON equals a text
    if isinstance(wanted, bool):
        return lambda value: value is wanted
    return lambda value: value == wanted and type(value) is not bool


def _in(wanted: Any) -> Test:
    texts = frozenset(one for one in wanted if isinstance(one, str))
    numbers = frozenset(one for one in wanted if is_number(one))
    truths = frozenset(one for one in wanted if isinstance(one, bool))

    def mixed(value: Any) -> bool:
        kind = type(value)
        if kind is str:
            return value in texts
        if kind is bool:
            return value in truths
        return (kind is int or kind is float) and value in numbers

    return mixed if numbers or truths else lambda value: type(value) is str and value in texts


def _text_test(method: Callable[[str, str], bool]) -> Callable[[Any], Test]:
    return lambda wanted: lambda value: type(value) is str and method(value, wanted)


def _matches(source: Any) -> Test:
    search = compile_pattern(source).search

    def test(value: Any) -> bool:
        if type(value) is not str:
            return False
        return search(value.encode("utf-8", "replace")) is not None

    return test


def _number_test(compare: Callable[[Any, Any], bool]) -> Callable[[Any], Test]:
    def build(wanted: Any) -> Test:
        def test(value: Any) -> bool:
            kind = type(value)
            return (kind is int or kind is float) and compare(value, wanted)

        return test

    return build


def _read_test(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Callable[[Any], Test]:
    def build(wanted: Any) -> Test:
        limit = read(wanted)

        def test(value: Any) -> bool:
            if type(value) is not str:
                return False
            found = read(value)
            return found is not None and compare(found, limit)

        return test

    return build


OPERATORS: Mapping[str, tuple[Callable[[object], object], Callable[[Any], Test]]] = MappingProxyType(
    {
        "equals": (scalar, _equals),
        "in": (scalars, _in),
        "contains": (text, _text_test(operator.contains)),
        "starts_with": (text, _text_test(str.startswith)),
        "ends_with": (text, _text_test(str.endswith)),
        "matches": (pattern, _matches),
        "less": (number, _number_test(operator.lt)),
        "at_most": (number, _number_test(operator.le)),
        "more": (number, _number_test(operator.gt)),
        "at_least": (number, _number_test(operator.ge)),
        "version_equals": (version, _read_test(precedence, operator.eq)),
        "version_less": (version, _read_test(precedence, operator.lt)),
        "version_at_most": (version, _read_test(precedence, operator.le)),
        "version_more": (version, _read_test(precedence, operator.gt)),
        "version_at_least": (version, _read_test(precedence, operator.ge)),
        "before": (date, _read_test(instant, operator.lt)),
        "after": (date, _read_test(instant, operator.gt)),
    }
)
"""Operator → (checks the value that stands in a condition, makes the test of it)."""
