"""Why a user gets what they get, in words: how a flag decides, and the playground's answer. Pure."""

from dataclasses import dataclass, replace

from core.digests import short
from core.weights import FULL, as_percent
from flags.choices import Carrier
from flags.evaluation import OFF, ON, FlagRule, Problem, Result, bucket, evaluate

WIDTH = 600
"""Of the line on which a user's bucket is drawn."""


@dataclass(frozen=True)
class Rule:
    """One rule, in the order they are asked: what it is about (`code` in its own type), and what it gives. `decides`:
    it is the one that answers.
    """

    text: str
    gives: str
    code: str = ""
    more: str = ""
    decides: bool = False


@dataclass(frozen=True)
class Explanation:
    user: str
    variant: str
    because: str
    rules: list[Rule]
    bucket: int | None = None
    weight: int = 0

    @property
    def mark(self) -> float:
        """Where the user stands on the line."""
        return round((self.bucket or 0) * WIDTH / FULL, 1)

    @property
    def reach(self) -> float:
        return round(self.weight * WIDTH / FULL, 1)

    @property
    def mark_anchor(self) -> str:
        """On which side of its mark "this user" stands, away from the threshold's words."""
        return "end" if self.mark <= self.reach and self.mark > 60 else "start"

    @property
    def share(self) -> str:
        return as_percent(self.weight)


def rules(rule: FlagRule) -> list[Rule]:
    """How `rule` decides: the kill switch, then who has it, then everyone else. Marked is what answers for most."""
    nobody = rule.weight <= 0 or (rule.carrier == Carrier.BUILD and not rule.build)
    killed = Rule("Turned off by a person", OFF, more="" if not rule.enabled else "not now", decides=not rule.enabled)
    if nobody:
        return [killed, Rule("Everyone", OFF, decides=rule.enabled)]
    if rule.carrier == Carrier.BUILD:
        having = Rule("Served by build", ON, code=short(rule.build), more=f"now {as_percent(rule.weight)} of the users")
    elif rule.weight >= FULL:
        return [killed, Rule("Everyone", ON, decides=rule.enabled)]
    else:
        having = Rule(f"{as_percent(rule.weight)} of the users, by bucket", ON)
    return [killed, replace(having, decides=rule.enabled), Rule("Everyone else", OFF)]


def explain(rule: FlagRule, *, user: str, build: str) -> Explanation:
    """Evaluate and say which rule decided."""
    outcome = evaluate(rule, {"targetingKey": user, "build": build})
    variant = outcome.variant if isinstance(outcome, Result) else ""
    place = bucket(rule.seed, user) if user and rule.carrier == Carrier.PERCENTAGE else None
    because = outcome.details if isinstance(outcome, Problem) else _because(rule, outcome, build)
    return Explanation(user, variant, because, _asked(rule, outcome), place, rule.weight)


def _asked(rule: FlagRule, outcome: Result | Problem) -> list[Rule]:
    """The rules as they answered this one user: the first that fits decided; none does where it could not be asked."""
    listed = rules(rule)
    if isinstance(outcome, Problem):
        return [replace(one, decides=False) for one in listed]
    fits = [one for one in listed[0 if not rule.enabled else 1 :] if one.gives == outcome.variant]
    return [replace(one, decides=one is fits[0]) for one in listed]


def _because(rule: FlagRule, result: Result, build: str) -> str:
    if not rule.enabled:
        return "a person turned it off for everybody."
    if rule.weight <= 0:
        return "nobody has it."
    if rule.carrier == Carrier.BUILD:
        served = f"it serves them build {short(build)}" if build else "no build was named"
        return f"the flag follows the route and {served}; the candidate is {short(rule.build)}."
    if result.bucket is None:
        return "everybody has it."
    relation = "lies below" if result.value else "does not lie below"
    return f"bucket {_thousands(result.bucket)} {relation} {_thousands(rule.weight)}."


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", "\u00a0")
