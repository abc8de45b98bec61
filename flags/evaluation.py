"""What one user gets from one flag. Pure: no database, no clock, no network. `docs/flags.md` has vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import mmh3

from core.weights import FULL
from flags.choices import Carrier

ON, OFF = "on", "off"


class Reason(StrEnum):
    """OpenFeature's words for why a value came out."""

    TARGETING_MATCH = "TARGETING_MATCH"
    SPLIT = "SPLIT"
    STATIC = "STATIC"
    DISABLED = "DISABLED"
    DEFAULT = "DEFAULT"


class ErrorCode(StrEnum):
    """OFREP's words for why none did."""

    PARSE_ERROR = "PARSE_ERROR"
    INVALID_CONTEXT = "INVALID_CONTEXT"
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    GENERAL = "GENERAL"


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
class Result:
    """A value with its reason. `bucket` is set where it decided."""

    value: bool
    reason: Reason
    bucket: int | None = None

    @property
    def variant(self) -> str:
        return ON if self.value else OFF


@dataclass(frozen=True, slots=True)
class Problem:
    """No value, and why; `details` is for the reader."""

    code: ErrorCode
    details: str


def bucket(seed: str, targeting_key: str) -> int:
    """Where a user stands for a seed: 0 … 99 999. MurmurHash3 (x86, 32 bit, seed 0) of ``seed:targetingKey`` in UTF-8,
    unsigned, scaled by multiplication and shift (Lemire's range reduction): no float that could differ by machine.
    """
    text = f"{seed}:{targeting_key}".encode("utf-8", "surrogatepass")
    return (mmh3.hash(text, 0, signed=False) * FULL) >> 32


def evaluate(rule: FlagRule, context: Mapping[str, Any]) -> Result | Problem:
    """Evaluate for a context whose ``targetingKey``, if any, is a string. Whoever has it at one weight has it at every
    higher one (P10).
    """
    if not rule.enabled:
        return Result(False, Reason.DISABLED)
    if rule.weight <= 0:
        return Result(False, Reason.STATIC)
    if rule.carrier == Carrier.BUILD:
        served = rule.build != "" and context.get("build") == rule.build
        return Result(served, Reason.TARGETING_MATCH if served else Reason.DEFAULT)
    if rule.weight >= FULL:
        return Result(True, Reason.STATIC)
    key = context.get("targetingKey")
    if not key:
        said = f"{rule.key} is split by user: the context needs a targetingKey."
        return Problem(ErrorCode.TARGETING_KEY_MISSING, said)
    place = bucket(rule.seed, key)
    return Result(place < rule.weight, Reason.SPLIT, place)


def invalid(context: Any) -> Problem | None:
    """Why this cannot be an evaluation context, or None."""
    if not isinstance(context, Mapping):
        return Problem(ErrorCode.INVALID_CONTEXT, "context must be an object.")
    if not isinstance(context.get("targetingKey", ""), str):
        return Problem(ErrorCode.INVALID_CONTEXT, "context.targetingKey must be a string.")
    return None
