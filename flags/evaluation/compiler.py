"""Flags as functions: one rule set is built once, in linear time, and then only asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flags.evaluation.conditions import CannotCompile, compile_condition
from flags.evaluation.cycles import components, turns
from flags.evaluation.definition import Condition, Definition, alike, used_segments
from flags.evaluation.needs import Gate, gate
from flags.evaluation.operators import Fits
from flags.evaluation.outcomes import Outcomes, fragment
from flags.evaluation.segments import BROKEN, changed_segments, compile_segments
from flags.evaluation.serves import Buckets, Choose, Decide, Gives, asked, constant, exposure, serve
from flags.evaluation.words import ErrorCode, Problem, Reason, Result

MAX_ANSWERS = 255
"""Of one flag: what parses has fewer, and so the number of each fits in a byte."""


class Compiled:
    """One flag, ready to be asked. `decide` gives the index into `outcomes` of the answer for a context: a dict that
    `invalid` has no objection to; `choose` is its part that reads rules and pins, None where other flags are asked
    first, and `exposure` what it returns for whom no rule names, where that is a percentage. `fragments` are the
    answers as OFREP writes them, `counts` is the caller's.
    """

    __slots__ = ("choose", "counts", "decide", "definition", "exposure", "fragments", "gate", "outcomes")

    def __init__(
        self,
        definition: Definition,
        outcomes: Outcomes,
        gate: Gate,
        choose: Choose | None = None,
        gives: Gives | None = None,
    ) -> None:
        if len(outcomes.all) > MAX_ANSWERS:
            raise CannotCompile(f"it has more than {MAX_ANSWERS} answers.")
        self.definition = definition
        self.gate = gate
        self.choose = choose
        self.exposure = gives if isinstance(gives, Buckets) and len(gives.limits) == 1 else None
        self.decide = gate.decide
        self.outcomes: tuple[Result | Problem, ...] = tuple(outcomes.all)
        self.fragments = tuple(fragment(definition, outcome) for outcome in outcomes.all)
        self.counts = [0] * len(self.outcomes)

    def evaluate(self, context: Mapping[str, Any]) -> Result | Problem:
        return self.outcomes[self.decide(context)]

    def giving(self, variants: frozenset[str]) -> frozenset[int]:
        """The answers that meet a need for one of `variants`: never the off-variant, never an error."""
        return frozenset(
            number
            for number, outcome in enumerate(self.outcomes)
            if isinstance(outcome, Result)
            and outcome.variant in variants
            and outcome.variant != self.definition.targeting["off"]
        )


class RuleSet(dict[str, Compiled]):
    """All flags of one environment, by key, with the segments they were built from."""

    def __init__(self, built: Mapping[str, Compiled], segments: Mapping[str, Condition]) -> None:
        super().__init__(built)
        self.segments = segments


def compile_all(
    definitions: Mapping[str, Definition], segments: Mapping[str, Condition], *, previous: RuleSet | None = None
) -> RuleSet:
    """All flags of one environment, in linear time. Of `previous`, what means the same is taken over as it is, with its
    counts. Never raises: a flag that cannot be built always errs with GENERAL.
    """
    old = previous if previous is not None else RuleSet({}, {})
    changed = changed_segments(old.segments, segments) if old else set()
    fits: dict[str, Fits] = {}
    graph = {key: _needed(definition) for key, definition in definitions.items()}
    built: dict[str, Compiled] = {}
    for component in components(graph):
        known = {} if turns(component, graph) else built
        for key in component:
            if _same(definitions[key], old.get(key), changed) and all(known.get(k) is old.get(k) for k in graph[key]):
                built[key] = old[key]
                continue
            fits = fits or compile_segments(segments)
            built[key] = _compiled(definitions[key], fits, known)
    return RuleSet({key: built[key] for key in definitions}, segments)


def _same(definition: Definition, old: Compiled | None, changed: set[str]) -> bool:
    """Whether it means what it meant, but for its needs."""
    try:
        if old is None or not alike(definition, old.definition):
            return False
        rules = definition.targeting["rules"] if changed else ()
        return all(changed.isdisjoint(used_segments(rule["when"])) for rule in rules)
    except BROKEN:
        return False


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
        return _built(definition, outcomes, segments, built)
    except BROKEN as error:
        failed = Outcomes(definition)
        failed.problem(ErrorCode.GENERAL, f"{definition.key} cannot be evaluated: {error}")
        return Compiled(definition, failed, Gate(constant(0)))


def _built(
    definition: Definition, outcomes: Outcomes, segments: Mapping[str, Fits], built: Mapping[str, Compiled]
) -> Compiled:
    if _silent(definition):
        always = constant(outcomes.off(Reason.STATIC if definition.enabled else Reason.DISABLED))
        return Compiled(definition, outcomes, Gate(always), always)
    targeting, gives = definition.targeting, exposure(definition, outcomes)
    chosen = bool(targeting["rules"] or targeting["pins"])
    choose = _choice(definition, outcomes, segments, gives) if chosen else lambda context: gives
    then = _resolved(choose) if chosen else asked(gives)
    if not targeting["needs"]:
        return Compiled(definition, outcomes, Gate(then), choose, gives)
    needs = [_asked(need, built) for need in targeting["needs"]]
    return Compiled(definition, outcomes, gate(then, outcomes.off(Reason.DEFAULT), needs))


def _asked(need: Mapping[str, Any], built: Mapping[str, Compiled]) -> tuple[Gate, frozenset[int]] | None:
    other = built.get(need["flag"])
    return None if other is None else (other.gate, other.giving(frozenset(need["variants"])))


def _choice(definition: Definition, outcomes: Outcomes, segments: Mapping[str, Fits], then: Gives) -> Choose:
    """Pins first, then the first rule that fits, else what everybody gets."""
    rules = tuple(
        (
            compile_condition(rule["when"], segments),
            serve(rule["serve"], Reason.TARGETING_MATCH, definition.salt, outcomes),
        )
        for rule in definition.targeting["rules"]
    )

    def choose(context: Any) -> Gives:
        for fits, gives in rules:
            if fits(context):
                return gives
        return then

    pins = definition.targeting["pins"]
    return _with_pins(pins, outcomes, choose) if pins else choose


def _with_pins(pins: Mapping[str, str], outcomes: Outcomes, then: Choose) -> Choose:
    pinned = {user: outcomes.result(variant, Reason.TARGETING_MATCH) for user, variant in pins.items()}

    def of_user(context: Any) -> int:
        return pinned[context["targetingKey"]]

    return lambda context: of_user if context.get("targetingKey") in pinned else then(context)


def _resolved(choose: Choose) -> Decide:
    def decide(context: Any) -> int:
        gives = choose(context)
        return gives if isinstance(gives, int) else gives(context)

    return decide
