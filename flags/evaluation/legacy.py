"""How boolean flags were evaluated before they had targeting: for those who have not moved to `compile_all` yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.weights import FULL
from flags.choices import Carrier
from flags.evaluation.buckets import bucket
from flags.evaluation.words import ErrorCode, Problem, Reason, Result

ON, OFF = "on", "off"


@dataclass(frozen=True, slots=True)
class FlagRule:
    """One flag in one environment, as it is evaluated. `weight` is in parts per 100 000."""

    key: str
    seed: str
    enabled: bool = True
    carrier: str = Carrier.PERCENTAGE.value
    weight: int = 0
    build: str = ""
    version: int = 0
    for_clients: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placed(Result):
    """With the bucket, where it decided."""

    bucket: int | None = None


def evaluate(rule: FlagRule, context: Mapping[str, Any]) -> Placed | Problem:
    """Evaluate for a context whose ``targetingKey``, if any, is a string."""
    if not rule.enabled:
        return _placed(False, Reason.DISABLED)
    if rule.weight <= 0:
        return _placed(False, Reason.STATIC)
    if rule.carrier == Carrier.BUILD:
        served = rule.build != "" and context.get("build") == rule.build
        return _placed(served, Reason.TARGETING_MATCH if served else Reason.DEFAULT)
    if rule.weight >= FULL:
        return _placed(True, Reason.STATIC)
    key = context.get("targetingKey")
    if not key:
        said = f"{rule.key} is split by user: the context needs a targetingKey."
        return Problem(ErrorCode.TARGETING_KEY_MISSING, said)
    place = bucket(rule.seed, key)
    return _placed(place < rule.weight, Reason.SPLIT, place)


def _placed(value: bool, reason: Reason, bucket: int | None = None) -> Placed:
    return Placed(value, ON if value else OFF, reason, bucket)
