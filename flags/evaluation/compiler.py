"""Flags as functions: one rule set is built once, in linear time, and then only asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flags.evaluation.conditions import CannotCompile, compile_condition
from flags.evaluation.cycles import components, turns
from flags.evaluation.definition import Condition, Definition, used_segments
from flags.evaluation.operators import Fits
from flags.evaluation.outcomes import Outcomes, fragment
from flags.evaluation.serves import Decide, constant, exposure, serve
from flags.evaluation.words import ErrorCode, Problem, Reason, Result

BROKEN = (CannotCompile, KeyError, TypeError, ValueError, IndexError, AttributeError)
"""What data from elsewhere can make of a build."""


class Compiled:
    """One flag, ready to be asked. `decide` gives the index into `outcomes` of the answer for a context: a dict that
    `invalid` has no objection to. `fragments` are the answers as OFREP writes them, `counts` is the caller's.
    """

    __slots__ = ("counts", "decide", "definition", "fragments", "outcomes")

    def __init__(self, definition: Definition, outcomes: Outcomes, decide: Decide) -> None:
        self.definition = definition
        self.decide = decide
        self.outcomes: tuple[Result | Problem, ...] = tuple(outcomes.all)
        self.fragments = tuple(fragment(definition, outcome) for outcome in outcomes.all)
        self.counts = [0] * len(self.outcomes)

    def evaluate(self, context: Mapping[str, Any]) -> Result | Problem:
        return self.outcomes[self.decide(context)]

    def giving(self, variants: frozenset[str]) -> frozenset[int]:
        """The answers that meet a need for one of `variants`: never the off-variant, never an error."""
        wanted = variants - {self.definition.targeting.get("off")}
        return frozenset(
            number
            for number, outcome in enumerate(self.outcomes)
            if isinstance(outcome, Result) and outcome.variant in wanted
        )


def compile_all(definitions: Mapping[str, Definition], segments: Mapping[str, Condition]) -> Mapping[str, Compiled]:
    """All flags of one environment. Never raises: a flag that cannot be built always errs with GENERAL."""
    fits = compile_segments(segments)
    graph = {key: _needed(definition) for key, definition in definitions.items()}
    built: dict[str, Compiled] = {}
    for component in components(graph):
        known = {} if turns(component, graph) else built
        for key in component:
            built[key] = _compiled(definitions[key], fits, known)
    return {key: built[key] for key in definitions}


def compile_segments(segments: Mapping[str, Condition]) -> dict[str, Fits]:
    """The segments that can be evaluated; what is broken or turns in a circle is not among them."""
    graph: dict[str, set[str]] = {}
    for key, condition in segments.items():
        try:
            graph[key] = used_segments(condition)
        except BROKEN:
            continue
    built: dict[str, Fits] = {}
    for component in components(graph):
        try:
            for key in component:
                built[key] = compile_condition(segments[key], built)
        except BROKEN:
            continue
    return built


def _needed(definition: Definition) -> list[str]:
    try:
        return [] if _silent(definition) else [need["flag"] for need in definition.targeting["needs"]]
    except BROKEN:
        return []


def _silent(definition: Definition) -> bool:
    return not definition.enabled or definition.withheld


def _compiled(definition: Definition, segments: Mapping[str, Fits], built: Mapping[str, Compiled]) -> Compiled:
    outcomes = Outcomes(definition)
    try:
        return Compiled(definition, outcomes, _decide(definition, outcomes, segments, built))
    except BROKEN as error:
        failed = Outcomes(definition)
        failed.problem(ErrorCode.GENERAL, f"{definition.key} cannot be evaluated: {error}")
        return Compiled(definition, failed, constant(0))


def _decide(
    definition: Definition, outcomes: Outcomes, segments: Mapping[str, Fits], built: Mapping[str, Compiled]
) -> Decide:
    if not definition.enabled:
        return constant(outcomes.off(Reason.DISABLED))
    if definition.withheld:
        return constant(outcomes.off(Reason.STATIC))
    targeting = definition.targeting
    decide = exposure(definition, outcomes)
    if targeting["rules"]:
        decide = _with_rules(definition, outcomes, segments, decide)
    if targeting["pins"]:
        decide = _with_pins(targeting["pins"], outcomes, decide)
    if targeting["needs"]:
        decide = _with_needs(targeting["needs"], outcomes.off(Reason.DEFAULT), built, decide)
    return decide


def _with_rules(definition: Definition, outcomes: Outcomes, segments: Mapping[str, Fits], then: Decide) -> Decide:
    rules = tuple(
        (
            compile_condition(rule["when"], segments),
            serve(rule["serve"], Reason.TARGETING_MATCH, definition.salt, outcomes),
        )
        for rule in definition.targeting["rules"]
    )

    def decide(context: Any) -> int:
        for fits, gives in rules:
            if fits(context):
                return gives if type(gives) is int else gives(context)  # type: ignore[operator]
        return then(context)

    return decide


def _with_pins(pins: Mapping[str, str], outcomes: Outcomes, then: Decide) -> Decide:
    pinned = {user: outcomes.result(variant, Reason.TARGETING_MATCH) for user, variant in pins.items()}

    def decide(context: Any) -> int:
        number = pinned.get(context.get("targetingKey"))
        return then(context) if number is None else number

    return decide


def _with_needs(needs: list[Any], unmet: int, built: Mapping[str, Compiled], then: Decide) -> Decide:
    asked = []
    for need in needs:
        other = built.get(need["flag"])
        if other is None:
            return constant(unmet)
        asked.append((other.decide, other.giving(frozenset(need["variants"]))))

    def decide(context: Any) -> int:
        for other, giving in asked:
            if other(context) not in giving:
                return unmet
        return then(context)

    return decide
