"""What a flag gives, as functions from a context to the number of an answer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from core.weights import FULL
from flags.choices import Carrier
from flags.evaluation.buckets import first_hash, hashed
from flags.evaluation.definition import Definition, Serve
from flags.evaluation.outcomes import Outcomes
from flags.evaluation.words import Reason

Decide = Callable[[Any], int]
"""From a context (a dict) to the number of the answer."""


def constant(number: int) -> Decide:
    return lambda context: number


def serve(given: Serve, reason: Reason, salt: str, outcomes: Outcomes) -> int | Decide:
    """The number of the one variant it gives, or a function for a split."""
    if "variant" in given:
        return outcomes.result(given["variant"], reason)
    names = [outcomes.result(name, Reason.SPLIT) for name, _ in given["split"]]
    return _split(
        salt, [first_hash(end) for end in accumulate(weight for _, weight in given["split"])], names, outcomes
    )


def _split(salt: str, limits: list[int], numbers: list[int], outcomes: Outcomes) -> Decide:
    prefix, missing = f"{salt}:", outcomes.user_missing()

    def decide(context: Any) -> int:
        key = context.get("targetingKey")
        if not key:
            return missing
        return numbers[bisect_right(limits, hashed(prefix + key))]

    return decide


def exposure(definition: Definition, outcomes: Outcomes) -> Decide:
    """What everybody gets whom no pin or rule named."""
    targeting, weight = definition.targeting, definition.weight
    plain = Reason.DEFAULT if any(targeting[part] for part in ("needs", "pins", "rules")) else Reason.STATIC

    def on(reason: Reason) -> Decide:
        given = serve(targeting["on"], reason, definition.salt, outcomes)
        return constant(given) if isinstance(given, int) else given

    if definition.carrier == Carrier.BUILD:
        off = outcomes.off(Reason.DEFAULT)
        if weight <= 0 or not definition.build:
            return constant(off)
        return _by_build(definition.build, on(Reason.TARGETING_MATCH), constant(off))
    if weight <= 0:
        return constant(outcomes.off(plain))
    if weight >= FULL:
        return on(plain)
    return _by_bucket(definition, on(Reason.SPLIT), outcomes)


def _by_build(build: str, on: Decide, off: Decide) -> Decide:
    return lambda context: on(context) if context.get("build") == build else off(context)


def _by_bucket(definition: Definition, on: Decide, outcomes: Outcomes) -> Decide:
    prefix, limit = f"{definition.seed}:", first_hash(definition.weight)
    off, missing = outcomes.off(Reason.SPLIT), outcomes.user_missing()

    def decide(context: Any) -> int:
        key = context.get("targetingKey")
        if not key:
            return missing
        return on(context) if hashed(prefix + key) < limit else off

    return decide
