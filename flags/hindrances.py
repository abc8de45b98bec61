"""What stands in the way of archiving flags: asked by the action for one, by the lists for many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flags import definition, rules
from flags.choices import ChangeState
from flags.models import Flag, PlannedChange


def hindrances(flags: Iterable[Flag]) -> Mapping[int, list[str]]:
    """By the flag's primary key, why it cannot be archived yet, in sentences; none if it can. Two queries.

    Code that mentions it is no hindrance: what is archived can come back, and until then code gets its own default.
    """
    asked = {(flag.product_id, flag.key): flag for flag in flags}
    found = {
        flag.pk: [f"It belongs to {flag.claim_label or flag.claim}."] if flag.claim else [] for flag in asked.values()
    }
    needing = definition.needing(flag__product__in={product for product, _ in asked})
    for state in needing.select_related("flag", "environment__product").order_by("environment__order", "flag__key"):
        for key in rules.needed(state.targeting):
            if wanted := asked.get((state.flag.product_id, key)):
                found[wanted.pk].append(f"{state.flag.key} needs it in {state.environment}.")
    waiting = PlannedChange.objects.open().filter(flag__in=found).exclude(state=ChangeState.SUSPENDED)
    for pk in set(waiting.values_list("flag", flat=True)):
        found[pk].append("A change of it is planned.")
    return found
