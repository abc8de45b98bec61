"""Conditions as functions: built once for a rule set, asked many times a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flags.evaluation.definition import Condition
from flags.evaluation.operators import OPERATORS, Test

Fits = Callable[[Any], bool]
"""Asks a whole context (a dict)."""


class CannotCompile(ValueError):
    """Data from elsewhere that names what is not there; says what."""


def compile_condition(condition: Condition, segments: Mapping[str, Fits]) -> Fits:
    """A function that says whether a context fits. `segments` are those it may name. Raises CannotCompile."""
    if "attribute" in condition:
        return _attribute(condition["attribute"], _test(condition))
    if "segment" in condition:
        if condition["segment"] not in segments:
            raise CannotCompile(f"There is no segment {condition['segment']}, or it cannot be evaluated.")
        return segments[condition["segment"]]
    if "not" in condition:
        inner = compile_condition(condition["not"], segments)
        return lambda context: not inner(context)
    every = "all" in condition
    parts = [compile_condition(part, segments) for part in condition["all" if every else "any"]]
    return _all(parts) if every else _any(parts)


def _test(condition: Condition) -> Test:
    check, build = OPERATORS[condition["op"]]
    return build(check(condition["value"]))


def _attribute(path: str, test: Test) -> Fits:
    *outer, name = path.split(".")
    if not outer:
        return lambda context: test(context.get(name))

    def fits(context: Any) -> bool:
        for part in outer:
            context = context.get(part)
            if type(context) is not dict:
                return False
        return test(context.get(name))

    return fits


def _all(parts: Sequence[Fits]) -> Fits:
    if len(parts) == 1:
        return parts[0]

    def fits(context: Any) -> bool:
        for part in parts:  # noqa: SIM110 - a generator costs more than all its tests
            if not part(context):
                return False
        return True

    return fits


def _any(parts: Sequence[Fits]) -> Fits:
    if len(parts) == 1:
        return parts[0]

    def fits(context: Any) -> bool:
        for part in parts:  # noqa: SIM110 - as above
            if part(context):
                return True
        return False

    return fits
