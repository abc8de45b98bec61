"""Conditions and what they give, in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from core.weights import as_percent
from flags.evaluation.definition import Condition, Serve

OPERATOR_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "equals": "is",
        "in": "is one of",
        "contains": "contains",
        "starts_with": "starts with",
        "ends_with": "ends with",
        "matches": "matches",
        "less": "is less than",
        "at_most": "is at most",
        "more": "is more than",
        "at_least": "is at least",
        "version_equals": "is version",
        "version_less": "is a version before",
        "version_at_most": "is at most version",
        "version_more": "is a version after",
        "version_at_least": "is at least version",
        "before": "is before",
        "after": "is after",
    }
)
"""Operator → what it says of an attribute, before the value."""


def condition_words(condition: Condition) -> str:
    """``user.country is one of NO, SE, and not in segment beta``; parts within parts stand in brackets."""
    if "attribute" in condition:
        return f"{condition['attribute']} {OPERATOR_WORDS[condition['op']]} {_value(condition['value'])}"
    if "segment" in condition:
        return f"in segment {condition['segment']}"
    if "not" in condition:
        inner = condition["not"]
        return f"not {_bracketed(inner)}"
    every = "all" in condition
    joined = ", and " if every else ", or "
    return joined.join(_bracketed(part) for part in condition["all" if every else "any"])


def serve_words(serve: Serve) -> str:
    """``on``, or ``60 % a, 40 % b``."""
    if "variant" in serve:
        return str(serve["variant"])
    return ", ".join(f"{as_percent(weight)} {name}" for name, weight in serve["split"])


def _bracketed(part: Condition) -> str:
    several = len(part.get("all") or part.get("any") or ()) > 1
    return f"({condition_words(part)})" if several else condition_words(part)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_value(one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if value != "" else "empty"
