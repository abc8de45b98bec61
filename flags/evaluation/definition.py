"""A flag in one environment, as it is evaluated: plain data, nothing that needs a database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import orjson

from flags.choices import Carrier, ValueType

Condition = Mapping[str, Any]
"""A condition as JSON: an attribute with an operator, a segment, or all/any/not of conditions."""

Serve = Mapping[str, Any]
"""What a rule gives, as JSON: ``{"variant": name}`` or ``{"split": [[name, weight], …]}``."""


class Need(TypedDict):
    """Another flag that has to give one of these variants."""

    flag: str
    variants: list[str]


class Rule(TypedDict):
    """Whoever fits `when` gets `serve`."""

    name: str
    when: Condition
    serve: Serve


class Targeting(TypedDict):
    """Who gets what, as `parse_targeting` returns it."""

    on: Serve
    off: str
    pins: dict[str, str]
    needs: list[Need]
    rules: list[Rule]


BOOLEANS: tuple[tuple[str, Any], ...] = (("on", True), ("off", False))


def default_targeting(variants: Sequence[str], off: str = "") -> Targeting:
    """Nobody pinned, no needs, no rules: ``on`` for whoever is exposed and ``off`` for the rest, or the first and the
    last of other variants; with `off`, that one for the rest.
    """
    off = off or ("off" if "off" in variants else variants[-1])
    others = [name for name in variants if name != off] or [off]
    on = "on" if "on" in others else others[0]
    return {"on": {"variant": on}, "off": off, "pins": {}, "needs": [], "rules": []}


@dataclass(frozen=True, slots=True)
class Definition:
    """One flag in one environment. `weight` is in parts per 100 000; `seed` places users for the exposure, `salt` for
    weighted variants.
    """

    key: str
    type: str = ValueType.BOOLEAN.value
    variants: tuple[tuple[str, Any], ...] = BOOLEANS
    seed: str = ""
    salt: str = ""
    enabled: bool = True
    withheld: bool = False
    carrier: str = Carrier.PERCENTAGE.value
    weight: int = 0
    build: str = ""
    targeting: Mapping[str, Any] = field(default_factory=lambda: default_targeting(("on", "off")))
    version: int = 0
    for_clients: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)


def alike(one: object, other: object) -> bool:
    """Whether two definitions or conditions say the same: to Python true equals 1, and 1 equals 1.0."""
    return one is other or (one == other and orjson.dumps(one) == orjson.dumps(other))


def used_segments(condition: Condition) -> set[str]:
    """The keys of the segments that a condition names itself."""
    if "segment" in condition:
        return {condition["segment"]}
    if "not" in condition:
        return used_segments(condition["not"])
    parts: Collection[Condition] = condition.get("all") or condition.get("any") or ()
    return set().union(*(used_segments(part) for part in parts))
