"""Conditions and splits as JSONLogic, with flagd's own operators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from flags.evaluation import used_segments
from flags.evaluation.definition import Condition, Serve

Logic = Any
"""JSON that JSONLogic evaluates."""

COMPARED: Mapping[str, str] = MappingProxyType({"less": "<", "at_most": "<=", "more": ">", "at_least": ">="})
VERSIONS: Mapping[str, str] = MappingProxyType(
    {
        "version_equals": "=",
        "version_less": "<",
        "version_at_most": "<=",
        "version_more": ">",
        "version_at_least": ">=",
    }
)
TEXTS = ("starts_with", "ends_with")
NOT_THERE: Mapping[str, str] = MappingProxyType(
    {
        "matches": "flagd has no patterns (matches)",
        "before": "flagd has no dates (before)",
        "after": "flagd has no dates (after)",
    }
)


class Inexpressible(ValueError):
    """What flagd has no words for; says what."""


def var(path: str) -> Logic:
    return {"var": path}


def whoever() -> Logic:
    """Who asks. Written anew each time: what is written belongs to whoever asked for it."""
    return var("targetingKey")


USER: Logic = whoever()
"""To compare with."""


def place(seed: str) -> Logic:
    """What `fractional` hashes: the same text as `bucket` does."""
    return {"cat": [seed, ":", whoever()]}


def guarded(path: str, test: Logic) -> Logic:
    """JSONLogic counts a missing attribute as 0, and flagd's evaluator for Python logs it as a broken version."""
    return {"and": [{"!==": [var(path), None]}, test]}


def condition_logic(condition: Condition, segment: Callable[[str], Logic]) -> Logic:
    """True or something truthy for whoever fits. `segment` gives what stands for one. Raises Inexpressible."""
    if "attribute" in condition:
        return _test(condition["attribute"], condition["op"], condition["value"])
    if "segment" in condition:
        return segment(condition["segment"])
    if "not" in condition:
        return {"!": [condition_logic(condition["not"], segment)]}
    every = "all" in condition
    parts = condition["all" if every else "any"]
    return {"and" if every else "or": [condition_logic(part, segment) for part in parts]}


def serve_logic(serve: Serve, salt: str) -> Logic:
    """A variant's name, or the division that gives one."""
    return serve["variant"] if "variant" in serve else fractional(salt, serve["split"])


def fractional(seed: str, parts: Iterable[Iterable[Any]]) -> Logic:
    return {"fractional": [place(seed), *(list(part) for part in parts)]}


def all_segments(condition: Condition, segments: Mapping[str, Condition]) -> set[str]:
    """The segments that a condition uses, also through others."""
    found: set[str] = set()
    rest = used_segments(condition)
    while rest:
        key = rest.pop()
        if key in segments and key not in found:
            found.add(key)
            rest |= used_segments(segments[key])
    return found


def _test(path: str, op: str, value: Any) -> Logic:
    if op in NOT_THERE:
        raise Inexpressible(NOT_THERE[op])
    if path.split(".")[0] == "$flagd" or "\\" in path:
        raise Inexpressible(f"flagd reads the attribute {path} otherwise")
    if op == "equals":
        return {"===": [var(path), value]}
    if op == "in":
        return {"in": [var(path), value]}
    if op == "contains":
        return {"in": [value, var(path)]}
    if op in COMPARED:
        return guarded(path, {COMPARED[op]: [var(path), value]})
    if op in VERSIONS:
        return guarded(path, {"sem_ver": [var(path), VERSIONS[op], value]})
    return {op: [var(path), value]}
