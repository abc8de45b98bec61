"""The operators of conditions: which value each takes, and the function that it makes of an attribute and that value.

A function gets a context of any JSON shape and never raises: an attribute that is missing or of another type fits
nothing. Each finds its attribute itself: to call another function for that would cost as much again as all the rest.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flags.evaluation import dates, values, versions
from flags.evaluation.patterns import one_pattern
from flags.evaluation.values import is_number

NONE: frozenset[Any] = frozenset()

Fits = Callable[[Any], bool]
"""Asks a whole context (a dict)."""

Build = Callable[[str, str, Any], Fits]
"""From where an attribute is (in the object `outer`, or in the context itself where that is empty), its name there, and
the value of the condition.
"""


def _equals(outer: str, name: str, wanted: Any) -> Fits:
    if isinstance(wanted, bool):
        return _in(outer, name, [wanted])
    if not isinstance(wanted, str):
        return _compared(operator.eq)(outer, name, wanted)

    def fits(context: Any) -> bool:
        if outer:
            context = context.get(outer)
            if type(context) is not dict:
                return False
        return bool(context.get(name) == wanted)  # nothing else in JSON equals a text

    return fits


def _in(outer: str, name: str, wanted: Any) -> Fits:
    texts = frozenset(one for one in wanted if isinstance(one, str)) or NONE
    numbers = frozenset(one for one in wanted if is_number(one)) or NONE
    truths = frozenset(one for one in wanted if isinstance(one, bool)) or NONE

    def fits(context: Any) -> bool:
        if outer:
            context = context.get(outer)
            if type(context) is not dict:
                return False
        value = context.get(name)
        kind = type(value)
        if kind is str:
            return value in texts
        if kind is bool:
            return value in truths
        return (kind is int or kind is float) and value in numbers

    return fits


def _of_text(method: Callable[[str, str], bool]) -> Build:
    def build(outer: str, name: str, wanted: Any) -> Fits:
        def fits(context: Any) -> bool:
            if outer:
                context = context.get(outer)
                if type(context) is not dict:
                    return False
            value = context.get(name)
            return type(value) is str and method(value, wanted)

        return fits

    return build


def _matches(outer: str, name: str, source: Any) -> Fits:
    pattern = one_pattern(source)
    return _of_text(lambda value, _: pattern(value))(outer, name, source)


def _compared(compare: Callable[[Any, Any], bool]) -> Build:
    def build(outer: str, name: str, wanted: Any) -> Fits:
        def fits(context: Any) -> bool:
            if outer:
                context = context.get(outer)
                if type(context) is not dict:
                    return False
            value = context.get(name)
            kind = type(value)
            return (kind is int or kind is float) and compare(value, wanted)

        return fits

    return build


def _read(known: Callable[[str], Any], longest: int, compare: Callable[[Any, Any], bool]) -> Build:
    """For texts that stand for something else. Longer ones than `longest` stand for nothing, and are not remembered."""

    def build(outer: str, name: str, wanted: Any) -> Fits:
        limit = known(wanted)

        def fits(context: Any) -> bool:
            if outer:
                context = context.get(outer)
                if type(context) is not dict:
                    return False
            value = context.get(name)
            if type(value) is not str or len(value) > longest:
                return False
            found = known(value)
            return found is not None and compare(found, limit)

        return fits

    return build


def _version(compare: Callable[[Any, Any], bool]) -> Build:
    return _read(versions.known, versions.LONGEST, compare)


def _date(compare: Callable[[Any, Any], bool]) -> Build:
    return _read(dates.known, dates.LONGEST, compare)


OPERATORS: Mapping[str, tuple[Callable[[object], object], Build]] = MappingProxyType(
    {
        "equals": (values.scalar, _equals),
        "in": (values.scalars, _in),
        "contains": (values.part, _of_text(operator.contains)),
        "starts_with": (values.part, _of_text(str.startswith)),
        "ends_with": (values.part, _of_text(str.endswith)),
        "matches": (values.pattern, _matches),
        "less": (values.number, _compared(operator.lt)),
        "at_most": (values.number, _compared(operator.le)),
        "more": (values.number, _compared(operator.gt)),
        "at_least": (values.number, _compared(operator.ge)),
        "version_equals": (values.version, _version(operator.eq)),
        "version_less": (values.version, _version(operator.lt)),
        "version_at_most": (values.version, _version(operator.le)),
        "version_more": (values.version, _version(operator.gt)),
        "version_at_least": (values.version, _version(operator.ge)),
        "before": (values.date, _date(operator.lt)),
        "after": (values.date, _date(operator.gt)),
    }
)
"""Operator → (checks the value that stands in a condition, builds the function)."""
