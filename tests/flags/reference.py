"""Evaluation once more, slow and obvious, written from the description alone: what the compiled one is held against.

Nothing of `flags.evaluation` decides here; only its words are used. The hash is written out, versions are compared by
the library, patterns are matched by Python's own `re`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import semver

from flags.evaluation import Definition, ErrorCode, Problem, Reason, Result

Definitions = Mapping[str, Definition]
Segments = Mapping[str, Any]
MISSING = object()


class KeyMissing(Exception):
    """A bucket was asked for, and there is no user."""


def evaluate(key: str, definitions: Definitions, segments: Segments, context: dict[str, Any]) -> Result | Problem:
    return _evaluate(key, definitions, segments, context, ())


def _evaluate(  # noqa: C901 - it reads as the description does, from top to bottom
    key: str, definitions: Definitions, segments: Segments, context: dict[str, Any], asking: tuple[str, ...]
) -> Result | Problem:
    flag = definitions[key]
    values = dict(flag.variants)
    targeting = flag.targeting

    def give(variant: str, reason: Reason) -> Result:
        return Result(values[variant], variant, reason)

    def serve(given: Mapping[str, Any], reason: Reason) -> Result:
        if "variant" in given:
            return give(given["variant"], reason)
        place, end = _bucket_of(flag.salt, context), 0
        for variant, weight in given["split"]:
            end += weight
            if place < end:
                return give(variant, Reason.SPLIT)
        raise AssertionError("a split adds up to 100 000")

    if not flag.enabled:
        return give(targeting["off"], Reason.DISABLED)
    if flag.withheld:
        return give(targeting["off"], Reason.STATIC)
    for need in targeting["needs"]:
        if not _met(need, definitions, segments, context, (*asking, key)):
            return give(targeting["off"], Reason.DEFAULT)
    user = context.get("targetingKey")
    if user in targeting["pins"]:
        return give(targeting["pins"][user], Reason.TARGETING_MATCH)
    try:
        for rule in targeting["rules"]:
            if fits(rule["when"], segments, context):
                return serve(rule["serve"], Reason.TARGETING_MATCH)
        plain = Reason.STATIC
        if targeting["needs"] or targeting["pins"] or targeting["rules"]:
            plain = Reason.DEFAULT
        if flag.carrier == "build":
            if flag.weight > 0 and flag.build != "" and context.get("build") == flag.build:
                return serve(targeting["on"], Reason.TARGETING_MATCH)
            return give(targeting["off"], Reason.DEFAULT)
        if flag.weight == 0:
            return give(targeting["off"], plain)
        if flag.weight == 100_000:
            return serve(targeting["on"], plain)
        if _bucket_of(flag.seed, context) < flag.weight:
            return serve(targeting["on"], Reason.SPLIT)
        return give(targeting["off"], Reason.SPLIT)
    except KeyMissing:
        return Problem(ErrorCode.TARGETING_KEY_MISSING, "")


def _met(
    need: Mapping[str, Any],
    definitions: Definitions,
    segments: Segments,
    context: dict[str, Any],
    asking: tuple[str, ...],
) -> bool:
    other = need["flag"]
    if other not in definitions or other in asking:
        return False
    outcome = _evaluate(other, definitions, segments, context, asking)
    if isinstance(outcome, Problem):
        return False
    return outcome.variant in need["variants"] and outcome.variant != definitions[other].targeting["off"]


def fits(condition: Mapping[str, Any], segments: Segments, context: dict[str, Any]) -> bool:
    if "all" in condition:
        return all(fits(part, segments, context) for part in condition["all"])
    if "any" in condition:
        return any(fits(part, segments, context) for part in condition["any"])
    if "not" in condition:
        return not fits(condition["not"], segments, context)
    if "segment" in condition:
        return fits(segments[condition["segment"]], segments, context)
    found: Any = context
    for name in condition["attribute"].split("."):
        found = found.get(name, MISSING) if isinstance(found, dict) else MISSING
    return _holds(condition["op"], found, condition["value"])


def _holds(op: str, found: Any, wanted: Any) -> bool:  # noqa: C901 - one case per operator
    number = isinstance(found, int | float) and not isinstance(found, bool)
    text = isinstance(found, str)
    match op:
        case "equals":
            return _same(found, wanted)
        case "in":
            return any(_same(found, one) for one in wanted)
        case "contains":
            return text and wanted in found
        case "starts_with":
            return text and found[: len(wanted)] == wanted
        case "ends_with":
            return text and found[len(found) - len(wanted) :] == wanted and len(found) >= len(wanted)
        case "matches":
            return text and re.search(wanted, found) is not None
        case "less":
            return number and found < wanted
        case "at_most":
            return number and found <= wanted
        case "more":
            return number and found > wanted
        case "at_least":
            return number and found >= wanted
        case "before" | "after":
            one, other = (_moment(found), _moment(wanted)) if text else (None, None)
            return one is not None and other is not None and (one < other if op == "before" else one > other)
    if not text or (version := _version(found)) is None:
        return False
    limit = _version(wanted)
    assert limit is not None
    order = version.compare(limit)
    return {
        "version_equals": order == 0,
        "version_less": order < 0,
        "version_at_most": order <= 0,
        "version_more": order > 0,
        "version_at_least": order >= 0,
    }[op]


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        return found == wanted
    return isinstance(found, str) and isinstance(wanted, str) and found == wanted


def _moment(text: str) -> datetime | None:
    """Of the shapes that the tests use."""
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _version(text: str) -> semver.Version | None:
    text = re.sub("^[vV]", "", text)
    numbers = re.match(r"[^-+]*", text)
    assert numbers is not None
    rest = text[numbers.end() :]
    padded = [*numbers[0].split("."), "0", "0"]
    shown = ".".join(padded[: max(3, len(numbers[0].split(".")))]) + rest
    return semver.Version.parse(shown) if semver.Version.is_valid(shown) else None


def _bucket_of(seed: str, context: dict[str, Any]) -> int:
    user = context.get("targetingKey")
    if not user:
        raise KeyMissing
    return bucket(seed, user)


def bucket(seed: str, user: str) -> int:
    return (murmur3(f"{seed}:{user}".encode("utf-8", "surrogatepass")) * 100_000) >> 32


def murmur3(data: bytes) -> int:
    """MurmurHash3_x86_32 with seed 0, as Austin Appleby describes it."""

    def scramble(k: int) -> int:
        k = k * 0xCC9E2D51 & 0xFFFFFFFF
        k = (k << 15 | k >> 17) & 0xFFFFFFFF
        return k * 0x1B873593 & 0xFFFFFFFF

    h = 0
    whole = len(data) // 4 * 4
    for place in range(0, whole, 4):
        h ^= scramble(int.from_bytes(data[place : place + 4], "little"))
        h = (h << 13 | h >> 19) & 0xFFFFFFFF
        h = h * 5 + 0xE6546B64 & 0xFFFFFFFF
    h ^= scramble(int.from_bytes(data[whole:], "little"))
    h ^= len(data)
    h ^= h >> 16
    h = h * 0x85EBCA6B & 0xFFFFFFFF
    h ^= h >> 13
    h = h * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16
