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

Gives = int | Decide
"""The number of an answer, or the function that has to be asked for it."""

Choose = Callable[[Any], Gives]
"""From a context to what whoever passes the same tests is given."""


def constant(number: int) -> Decide:
    return lambda context: number


def asked(gives: Gives) -> Decide:
    """A function in any case."""
    return constant(gives) if isinstance(gives, int) else gives


def serve(given: Serve, reason: Reason, salt: str, outcomes: Outcomes) -> Gives:
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


def exposure(definition: Definition, outcomes: Outcomes) -> Gives:
    """What everybody gets whom no pin or rule named."""
    targeting, weight = definition.targeting, definition.weight
    plain = Reason.DEFAULT if any(targeting[part] for part in ("needs", "pins", "rules")) else Reason.STATIC

    def on(reason: Reason) -> Gives:
        return serve(targeting["on"], reason, definition.salt, outcomes)

    if definition.carrier == Carrier.BUILD:
        off = outcomes.off(Reason.DEFAULT)
        if weight <= 0 or not definition.build:
            return off
        return _by_build(definition.build, asked(on(Reason.TARGETING_MATCH)), off)
    if weight <= 0:
        return outcomes.off(plain)
    if weight >= FULL:
        return on(plain)
    return _by_bucket(definition, on(Reason.SPLIT), outcomes)


def _by_build(build: str, on: Decide, off: int) -> Decide:
    return lambda context: on(context) if context.get("build") == build else off


def _by_bucket(definition: Definition, on: Gives, outcomes: Outcomes) -> Decide:
    prefix, limit = f"{definition.seed}:", first_hash(definition.weight)
    off, missing = outcomes.off(Reason.SPLIT), outcomes.user_missing()

    def decide(context: Any) -> int:
        key = context.get("targetingKey")
        if not key:
            return missing
        if hashed(prefix + key) >= limit:
            return off
        return on if isinstance(on, int) else on(context)

    return decide
