"""What a flag gives, as functions from a context to the number of an answer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from core.weights import FULL
from flags.choices import Carrier
from flags.evaluation.buckets import encoded, first_hash, hashed
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


class Buckets:
    """Gives by the user's hash: what stands beside the first of `limits` that is above it. `prefix` and the user's key
    are what is hashed, in UTF-8. `parts` are these three together.
    """

    __slots__ = ("gives", "limits", "missing", "parts", "prefix")

    def __init__(self, seed: str, limits: list[int], gives: Sequence[Gives], missing: int) -> None:
        self.prefix = encoded(f"{seed}:")
        self.limits = limits
        self.gives = gives
        self.missing = missing
        self.parts = self.prefix, limits, gives

    def __call__(self, context: Any) -> int:
        key = context.get("targetingKey")
        if not key:
            return self.missing
        gives = self.gives[bisect_right(self.limits, hashed(self.prefix + encoded(key)))]
        return gives if isinstance(gives, int) else gives(context)


def serve(given: Serve, reason: Reason, salt: str, outcomes: Outcomes) -> Gives:
    """The number of the one variant it gives, or who gets which of a split."""
    if "variant" in given:
        return outcomes.result(given["variant"], reason)
    numbers = [outcomes.result(name, Reason.SPLIT) for name, _ in given["split"]]
    ends = accumulate(weight for _, weight in given["split"])
    return Buckets(salt, [first_hash(end) for end in ends], numbers, outcomes.user_missing())


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
    gives = on(Reason.SPLIT), outcomes.off(Reason.SPLIT)
    return Buckets(definition.seed, [first_hash(weight)], gives, outcomes.user_missing())


def _by_build(build: str, on: Decide, off: int) -> Decide:
    return lambda context: on(context) if context.get("build") == build else off
