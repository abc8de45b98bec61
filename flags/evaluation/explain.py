"""Why a user gets what they get: every step that a flag asks, in order, what each said, and which one decided.

The slow, telling way: it walks the definition itself, and a test holds it against the compiled one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.digests import short
from core.weights import FULL
from flags.choices import Carrier
from flags.evaluation.buckets import bucket
from flags.evaluation.compiler import Compiled, compile_all
from flags.evaluation.definition import Condition, Definition
from flags.evaluation.steps import Context, Outcome, Step, asked, outlined
from flags.evaluation.words import ErrorCode, Problem, Result


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer, and how it came about. `user` and `build` are the context's, or empty. `bucket` is where the user
    stands for the exposure, also where something else decided; None without a user, or if the flag follows the route.
    """

    definition: Definition
    outcome: Outcome
    steps: tuple[Step, ...]
    user: str
    build: str
    bucket: int | None

    @property
    def weight(self) -> int:
        """In parts per 100 000."""
        return self.definition.weight

    @property
    def decided(self) -> Step:
        return next(step for step in self.steps if step.decides)

    @property
    def variant(self) -> str:
        """Empty where there is no answer."""
        return self.outcome.variant if isinstance(self.outcome, Result) else ""

    @property
    def exposed_from(self) -> int | None:
        """The lowest weight at which the percentage reaches this user; at that and above they stay reached."""
        return None if self.bucket is None else self.bucket + 1

    def reached_at(self, weight: int) -> bool | None:
        """Whether the percentage reaches this user at another weight."""
        return None if self.bucket is None else self.bucket < weight

    @property
    def because(self) -> str:
        """One sentence, without its subject."""
        if isinstance(self.outcome, Problem):
            return self.outcome.details
        return _because(self.decided, self)


def explain(
    definition: Definition,
    definitions: Mapping[str, Definition],
    segments: Mapping[str, Condition],
    context: Context,
) -> Trace:
    """Evaluate `definition` (it may be one of another day) among the others, and tell every step."""
    rules = compile_all(_asked_by(definition, definitions), segments)
    user = context.get("targetingKey") or ""
    by_user = bool(user) and definition.carrier == Carrier.PERCENTAGE
    place = bucket(definition.seed, user) if by_user else None
    broken = _broken(rules[definition.key])
    if broken:
        steps = [broken]
    elif definition.enabled and not definition.withheld:
        steps = list(asked(definition, rules, segments, context))
    else:
        steps = list(outlined(definition))
    first = next(number for number, step in enumerate(steps) if step.fits)
    steps[first] = replace(steps[first], decides=True)
    outcome = steps[first].outcome
    assert outcome is not None
    build = context.get("build")
    return Trace(definition, outcome, tuple(steps), user, build if isinstance(build, str) else "", place)


def _asked_by(definition: Definition, definitions: Mapping[str, Definition]) -> dict[str, Definition]:
    """It, and whatever it needs."""
    found = {definition.key: definition}
    rest = [definition]
    while rest:
        needs = rest.pop().targeting.get("needs", ())
        fresh = {need["flag"] for need in needs if need["flag"] in definitions} - found.keys()
        found |= {key: definitions[key] for key in fresh}
        rest += [definitions[key] for key in fresh]
    return found


def _broken(compiled: Compiled) -> Step | None:
    outcome = compiled.outcomes[0]
    if isinstance(outcome, Problem) and outcome.code == ErrorCode.GENERAL:
        return Step("broken", "It cannot be evaluated", "", more=outcome.details, fits=True, outcome=outcome)
    return None


def _because(step: Step, trace: Trace) -> str:
    match step.kind:
        case "killed":
            return "a person turned it off for everybody."
        case "withheld":
            return "it waits for the rollout of its release."
        case "need":
            return f"it needs {step.code}, which {step.more}."
        case "pin":
            return "this user is pinned."
        case "rule":
            return f"the rule {step.text} fits{_by_split(step)}."
    return _exposed(step, trace)


def _exposed(step: Step, trace: Trace) -> str:
    flag = trace.definition
    if flag.weight <= 0:
        return "nobody has it."
    if flag.carrier == Carrier.BUILD:
        served = f"it serves them build {short(trace.build)}" if trace.build else "no build was named"
        return f"the flag follows the route and {served}; the candidate is {short(flag.build)}."
    if trace.bucket is None or flag.weight >= FULL:
        return f"everybody has it{_by_split(step)}."
    relation = "lies below" if step.kind == "exposure" else "does not lie below"
    return f"bucket {_thousands(trace.bucket)} {relation} {_thousands(flag.weight)}."


def _by_split(step: Step) -> str:
    return "" if step.bucket is None else f", and bucket {_thousands(step.bucket)} of its split is this variant's"


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", "\u00a0")
