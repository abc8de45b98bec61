"""Why a user gets what they get, in words: the playground's answer. Pure."""

from dataclasses import dataclass

from core.weights import FULL, as_percent
from flags.choices import Carrier
from flags.evaluation import FlagRule, Problem, Result, bucket, evaluate


@dataclass(frozen=True)
class Reason:
    """One rule, in the order they are asked. `decided`: this is the one that answered."""

    text: str
    decided: bool


@dataclass(frozen=True)
class Explanation:
    user: str
    variant: str
    because: str
    reasons: list[Reason]
    bucket: int | None = None
    weight: int = 0

    @property
    def mark(self) -> float:
        """Where the user stands, on a line of 600."""
        return round((self.bucket or 0) * 600 / FULL, 1)

    @property
    def reach(self) -> float:
        return round(self.weight * 600 / FULL, 1)


def explain(rule: FlagRule, *, user: str, build: str) -> Explanation:
    """Evaluate and say which rule decided."""
    outcome = evaluate(rule, {"targetingKey": user, "build": build})
    variant = outcome.variant if isinstance(outcome, Result) else ""
    place = bucket(rule.seed, user) if user and rule.carrier == Carrier.PERCENTAGE else None
    because = outcome.details if isinstance(outcome, Problem) else _because(rule, outcome, build)
    return Explanation(user, variant, because, _reasons(rule, outcome, build), place, rule.weight)


def _because(rule: FlagRule, result: Result, build: str) -> str:
    if not rule.enabled:
        return "the kill switch is thrown."
    if rule.weight <= 0:
        return "nobody has it: its weight is 0."
    if rule.carrier == Carrier.BUILD:
        served = f"it serves them build {build}" if build else "no build was named"
        return f"the flag follows the route and {served}; the candidate is {rule.build}."
    if result.bucket is None:
        return "everybody has it."
    relation = "lies below" if result.value else "does not lie below"
    return f"bucket {result.bucket} {relation} {rule.weight}."


def _reasons(rule: FlagRule, outcome: Result | Problem, build: str) -> list[Reason]:
    killed = not rule.enabled
    follows = rule.carrier == Carrier.BUILD and rule.weight > 0
    lines = [Reason("Kill switch: thrown" if killed else "Kill switch: not thrown", killed)]
    if follows:
        fits = isinstance(outcome, Result) and outcome.value
        lines.append(Reason(f"Served by build {rule.build}: {'yes' if fits else 'no'}", not killed and fits))
        lines.append(Reason("Everyone else: off", not killed and not fits))
    else:
        lines.append(Reason(f"Given to {as_percent(rule.weight)} of the users, by bucket", not killed))
    return lines
