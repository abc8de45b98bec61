"""Which rules ask for a segment, and which other segments do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flags import evaluation, rules
from flags.models import FlagState, Segment


@dataclass(frozen=True)
class Use:
    """A flag whose rules ask for the segment in an environment; `through` names the segments between, if any."""

    state: FlagState
    rules: tuple[str, ...]
    through: tuple[str, ...] = ()


@dataclass
class Uses:
    """`others`: the segments that are made of it, by key."""

    states: list[Use] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def flags(self) -> list[str]:
        return sorted({use.state.flag.key for use in self.states})

    @property
    def any(self) -> bool:
        return bool(self.states or self.others)


def uses(segments: Iterable[Segment]) -> dict[int, Uses]:
    """By the segment's primary key, of all `segments` in two queries. Archived flags count: they may come back."""
    wanted = list(segments)
    products = {one.product_id for one in wanted}
    known: dict[int, dict[str, Any]] = {product: {} for product in products}
    for product, key, condition in Segment.objects.filter(product__in=products).values_list(
        "product", "key", "condition"
    ):
        known[product][key] = condition
    found = {(one.product_id, one.key): Uses() for one in wanted}
    for product, conditions in known.items():
        for key, condition in conditions.items():
            for used in evaluation.used_segments(condition):
                if (product, used) in found:
                    found[product, used].others.append(key)
    states = FlagState.objects.filter(flag__product__in=products).exclude(targeting__rules=[])
    for state in states.select_related("flag__product", "environment").order_by("flag__key", "environment__order"):
        for key, use in _of(state, known[state.flag.product_id]).items():
            if (state.flag.product_id, key) in found:
                found[state.flag.product_id, key].states.append(use)
    return {one.pk: found[one.product_id, one.key] for one in wanted}


def _of(state: FlagState, segments: Mapping[str, Any]) -> dict[str, Use]:
    """Every segment that decides about this state, with the rules that ask for it, straight or through others."""
    asked: dict[str, list[str]] = {}
    between: dict[str, set[str]] = {}
    for number, rule in enumerate(state.targeting["rules"], 1):
        name = rule["name"] or f"rule {number}"
        straight = evaluation.used_segments(rule["when"])
        for key in rules.used_segments({"rules": [rule]}, segments):
            asked.setdefault(key, []).append(name)
            if key not in straight:
                through = {one for one in straight if key in rules.used_segments(_asking(one), segments)}
                between.setdefault(key, set()).update(through)
    return {key: Use(state, tuple(names), tuple(sorted(between.get(key, ())))) for key, names in asked.items()}


def _asking(segment: str) -> dict[str, Any]:
    return {"rules": [{"when": {"segment": segment}}]}
