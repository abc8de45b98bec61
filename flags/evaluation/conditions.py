"""Conditions as functions: built once for a rule set, asked many times a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flags.evaluation.definition import Condition
from flags.evaluation.operators import OPERATORS, Fits


class CannotCompile(ValueError):
    """Data from elsewhere that names what is not there; says what."""


def compile_condition(condition: Condition, segments: Mapping[str, Fits]) -> Fits:
    """A function that says whether a context fits. `segments` are those it may name. Raises CannotCompile, and Unfit
    for a value that its operator does not take.
    """
    if "attribute" in condition:
        return _test(condition)
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


def _test(condition: Condition) -> Fits:
    check, build = OPERATORS[condition["op"]]
    *outer, name = condition["attribute"].split(".")
    fits = build(outer[-1] if outer else "", name, check(condition["value"]))
    return _within(outer[:-1], fits) if len(outer) > 1 else fits


def _within(path: Sequence[str], fits: Fits) -> Fits:
    """Asks `fits` of the object that is found at `path`."""

    def asked(context: Any) -> bool:
        for part in path:
            context = context.get(part)
            if type(context) is not dict:
                return False
        return fits(context)

    return asked


def _all(parts: Sequence[Fits]) -> Fits:
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda context: first(context) and second(context)

    def fits(context: Any) -> bool:
        for part in parts:  # noqa: SIM110 - a generator costs more than all its tests
            if not part(context):
                return False
        return True

    return fits


def _any(parts: Sequence[Fits]) -> Fits:
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda context: first(context) or second(context)

    def fits(context: Any) -> bool:
        for part in parts:  # noqa: SIM110 - as above
            if part(context):
                return True
        return False

    return fits
