"""Growth, decided without a database: can a change give anybody the new thing who did not have it before?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.weights import FULL
from flags import evaluation
from flags.choices import Carrier


@dataclass(frozen=True)
class Exposure:
    """Who has a flag in an environment. `weight` is in parts per 100 000. `decides` stands for all that says who gets
    what beside it (values, pins, needs, rules, segments): equal if nothing of it differs. `targets`: it may give
    something other than the off-variant to somebody at weight 0. `off` stands for the value that everybody else gets,
    and everybody while nobody has it.
    """

    enabled: bool
    carrier: str
    weight: int
    build: str
    seed: str
    withheld: bool = False
    targets: bool = False
    decides: str = ""
    off: str = ""

    @property
    def nobody(self) -> bool:
        if not self.enabled or self.withheld:
            return True
        return not self.targets and not self._exposed

    @property
    def everybody(self) -> bool:
        return self.enabled and self.carrier == Carrier.PERCENTAGE and self.weight >= FULL

    @property
    def _exposed(self) -> bool:
        return self.weight > 0 and not (self.carrier == Carrier.BUILD and not self.build)


def grows(before: Exposure, after: Exposure) -> bool:
    """Whether somebody may have it after who had not before: enabling, more weight, another build, another carrier,
    another seed while it is split, other rules; and another value for everybody who has it not. What stays within those
    who have it is no growth, nor is a flag that nobody has. Of other rules it is not asked whether they give it to
    fewer: that cannot be told without the users.
    """
    if before.off != after.off:
        return True
    if after.nobody:
        return False
    if before.nobody or before.decides != after.decides:
        return True
    if before.everybody or after.weight <= 0:
        return False
    if before.carrier != after.carrier:
        return True
    if after.carrier == Carrier.BUILD:
        return before.build != after.build or before.weight <= 0 < after.weight
    return after.weight > before.weight or before.seed != after.seed


def awake(exposure: Exposure) -> Exposure:
    """Who has it once it is turned on again."""
    return replace(exposure, enabled=True)


def targets(targeting: Mapping[str, Any]) -> bool:
    """Whether a pin or a rule may give somebody something other than the off-variant."""
    return not special(targeting) <= {targeting["off"]}


def special(targeting: Mapping[str, Any]) -> set[str]:
    """The variants that pins and rules may give."""
    return {*targeting["pins"].values(), *(name for rule in targeting["rules"] for name in given(rule["serve"]))}


def given(serve: Mapping[str, Any]) -> list[str]:
    """The variants that a `serve` may give."""
    return [serve["variant"]] if "variant" in serve else [name for name, weight in serve["split"] if weight > 0]


def used_variants(targeting: Mapping[str, Any]) -> set[str]:
    """Every variant that somebody may get."""
    return {targeting["off"], *given(targeting["on"]), *special(targeting)}


def used_segments(targeting: Mapping[str, Any], segments: Mapping[str, Any]) -> dict[str, Any]:
    """The segments that rules use, and those that these use: key → condition. One that is not there is left out."""
    found: dict[str, Any] = {}
    asked = [key for rule in targeting["rules"] for key in evaluation.used_segments(rule["when"])]
    while asked:
        key = asked.pop()
        if key in segments and key not in found:
            found[key] = segments[key]
            asked += evaluation.used_segments(segments[key])
    return dict(sorted(found.items()))


def needed(targeting: Mapping[str, Any]) -> set[str]:
    """The keys of the flags that must give something first."""
    return {need["flag"] for need in targeting["needs"]}


def dependents(key: str, needs: Mapping[str, Collection[str]]) -> set[str]:
    """Whose value may change with that of flag `key`, directly or through others; `needs`: flag → flags it needs."""
    found: set[str] = set()
    asked = [key]
    while asked:
        one = asked.pop()
        fresh = {flag for flag, wanted in needs.items() if one in wanted} - found
        found |= fresh
        asked += fresh
    return found
