"""What an evaluation answers with: OpenFeature's and OFREP's words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MAX_TARGETING_KEY = 4_096
"""Each flag that divides users hashes it anew."""


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
class Result:
    """A variant with its value, and why it came out."""

    value: Any
    variant: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Problem:
    """No value, and why; `details` is for the reader."""

    code: ErrorCode
    details: str


def invalid(context: Any) -> Problem | None:
    """Why this cannot be an evaluation context, or None."""
    if not isinstance(context, dict):
        return Problem(ErrorCode.INVALID_CONTEXT, "context must be an object.")
    if not isinstance(context.get("targetingKey", ""), str):
        return Problem(ErrorCode.INVALID_CONTEXT, "context.targetingKey must be a string.")
    if len(context.get("targetingKey", "")) > MAX_TARGETING_KEY:
        return Problem(ErrorCode.INVALID_CONTEXT, f"context.targetingKey may have {MAX_TARGETING_KEY} characters.")
    return None
