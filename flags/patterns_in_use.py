"""What the patterns of a flag, and of all flags of an environment, can cost: it is bounded where they are saved.

All products are answered by the same processes. Patterns that are harmless each could together hold up everybody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Func, JSONField

from core.errors import Refused
from core.models import Environment, Product
from flags import evaluation, rules
from flags.evaluation.patterns import Asked
from flags.models import Flag, FlagState

Segments = Mapping[str, Any]
"""All of a product: key → condition."""

INSTEAD = "starts_with, ends_with, contains and in make none."


class _Tests(Func):
    """Each test of a state's rules that is a pattern or a segment, as JSON: a row for each, whatever else is there.
    Strict, for the lax way finds what is in a list twice.
    """

    template = (
        "jsonb_path_query(%(expressions)s, "
        """'strict $.rules[*].when.** ? (@.op == "matches" || exists(@.segment))')"""
    )
    output_field = JSONField()


@dataclass
class _There:
    """What the rules of one flag ask in one environment themselves."""

    patterns: set[Asked] = field(default_factory=set)
    segments: set[str] = field(default_factory=set)


def check_flag(flag: Flag, environment: Environment, targeting: Mapping[str, Any], segments: Segments) -> None:
    """Raises Refused where its patterns would be too many, for it or for the environment. What was saved before may
    always be saved again.

    Whoever saves holds the environment's flag set, so no two flags are counted at once. A segment that is made in the
    same moment is not counted: then all may take longer by what it asks, and the next pattern is refused.
    """
    own = evaluation.patterns_asked(rule["when"] for rule in targeting["rules"])
    asked = own | evaluation.patterns_asked(rules.used_segments(targeting, segments).values())
    if not asked:
        return
    there = _there(Environment.objects.filter(pk=environment.pk)).get(environment.pk, {})
    before = there.get(flag.key, _There())
    if not asked <= _with_segments(before, segments):
        _refuse_beyond(evaluation.FLAG_STEPS, asked, "Its patterns and those of its segments", "targeting.rules")
    if not own <= before.patterns:
        everywhere = own.union(
            evaluation.patterns_asked(segments.values()),
            *(one.patterns for key, one in there.items() if key != flag.key),
        )
        whose = f"All patterns of {environment}'s flags and of the product's segments"
        _refuse_beyond(evaluation.ENVIRONMENT_STEPS, everywhere, whose, "targeting.rules")


def check_segment(product: Product, key: str, before: Segments, after: Segments) -> None:
    """The same where segment `key` changes: for all flags that use it, and in each environment. Raises Refused."""
    use = _There(segments={key})
    fresh = _with_segments(use, after) - _with_segments(use, before)
    if not fresh:
        return
    of_segments = evaluation.patterns_asked(after.values())
    there = _there(product.environments.all())
    for environment in product.environments.all():
        flags = there.get(environment.pk, {})
        for flag, one in flags.items():
            asked = _with_segments(one, after)
            if not asked <= _with_segments(one, before):
                whose = f"The patterns of {flag} in {environment} and those of its segments"
                _refuse_beyond(evaluation.FLAG_STEPS, asked, whose, "condition")
        everywhere = of_segments.union(*(one.patterns for one in flags.values()))
        whose = f"All patterns of {environment}'s flags and of the product's segments"
        _refuse_beyond(evaluation.ENVIRONMENT_STEPS, everywhere, whose, "condition")


def _there(environments: Any) -> dict[int, dict[str, _There]]:
    """By environment and flag. Archived flags are not counted, and are checked when they come back."""
    found: dict[int, dict[str, _There]] = {}
    states = FlagState.objects.filter(environment__in=environments, flag__archived_at=None)
    tests = states.annotate(test=_Tests(F("targeting")))
    for environment, flag, test in tests.values_list("environment_id", "flag__key", "test"):
        one = found.setdefault(environment, {}).setdefault(flag, _There())
        if "segment" in test:
            one.segments.add(test["segment"])
        else:
            one.patterns.add((test["attribute"], test["value"]))
    return found


def _with_segments(one: _There, segments: Segments) -> set[Asked]:
    used = rules.used_segments({"rules": [{"when": {"segment": key}} for key in one.segments]}, segments)
    return one.patterns | evaluation.patterns_asked(used.values())


def _refuse_beyond(most: int, asked: Collection[Asked], whose: str, field: str) -> None:
    steps = evaluation.all_steps(asked)
    if steps > most:
        raise Refused(f"{whose} would make {steps:,} steps in RE2; there may be {most:,}. {INSTEAD}", field=field)
