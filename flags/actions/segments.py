"""Segments: named once, used by the rules of many flags. A change of one is a change of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from core import audit, locks
from core.errors import Conflict, Refused
from core.models import AuditEntry, Product, User
from core.rows import clean, insert
from flags import definition, evaluation, patterns_in_use, rules, segment_past, versions
from flags.actions import common, growth, record
from flags.models import FlagState, Segment


@transaction.atomic
def create_segment(
    *, product: Product, key: str, name: str, condition: Mapping[str, Any], actor: User | None, description: str = ""
) -> Segment:
    """Raises Refused naming the part (``condition.all.0``), Conflict (the key is taken), Forbidden."""
    common.may(actor, product)
    locks.product_shared(product.pk)
    parsed = _parsed(product, key, condition)
    segment = Segment(product=product, key=key, name=name, description=description, condition=parsed)
    insert(segment, taken=f"{product} already has a segment {key}.", field="key")
    _record(segment, actor, "segment_created", [])
    return segment


@transaction.atomic
def change_segment(
    *,
    segment: Segment,
    actor: User | None,
    name: str,
    description: str,
    condition: Mapping[str, Any],
    based_on: int | None = None,
    reason: str = "",
) -> Segment:
    """Who is in it from now on, for every flag that uses it. Where that is growth of a flag that a release claims, or
    where a second person is wanted, it is refused (P1): make another segment, and let the flags' rules move to it.

    Raises Refused, Conflict where `based_on` is not the last edition, Forbidden.
    """
    product = segment.product
    common.may(actor, product)
    locks.product_exclusive(product.pk)  # whoever grows meanwhile read the old one
    claims = {state.flag.claim for state in _states_using(segment.key, product)} - {""}
    growth.hold_claims(claims)
    sets = versions.lock(product.environments.all())
    locked = Segment.objects.select_for_update(of=("self",)).get(pk=segment.pk)
    common.based(locked.edition, based_on)
    parsed = _parsed(product, locked.key, condition)
    moved = [] if definition.same(parsed, locked.condition) else _states_using(locked.key, product)
    segments = definition.segments_of(product)
    _refuse_growth(moved, segments, {**segments, locked.key: parsed}, actor)
    locked.name, locked.description, locked.condition = name, description, parsed
    locked.edition += 1
    clean(locked)
    locked.save()
    growth.give_way()
    record.stamp(moved, sets)
    entry = _record(locked, actor, "segment_changed", moved, reason)
    record.keep(moved, entry)
    for claim in sorted(claims):
        _record(locked, actor, "segment_changed", [], stream=claim)  # what is signed there changed
    growth.give_way()
    return locked


@transaction.atomic
def delete_segment(*, segment: Segment, actor: User | None) -> None:
    """Raises Conflict while a flag or another segment uses it, Forbidden."""
    product = segment.product
    common.may(actor, product)
    locks.product_exclusive(product.pk)
    users = [state.flag.key for state in _states_using(segment.key, product)]
    others = [
        key for key, one in definition.segments_of(product).items() if segment.key in evaluation.used_segments(one)
    ]
    names = sorted({*users, *others})
    if names:
        raise Conflict(f"{', '.join(names)} {'uses' if len(names) == 1 else 'use'} this segment.")
    _record(segment, actor, "segment_deleted", [])
    Segment.objects.filter(pk=segment.pk).delete()


def _parsed(product: Product, key: str, condition: Mapping[str, Any]) -> dict[str, Any]:
    segments = definition.segments_of(product)
    try:
        parsed = evaluation.parse_condition(condition, segments=set(segments) - {key})
    except evaluation.Invalid as invalid:
        path = ".".join(part for part in ("condition", invalid.path) if part)
        raise Refused(invalid.sentence, field=path) from invalid
    cycle = evaluation.segment_cycle({**segments, key: parsed})
    if cycle:
        raise Refused(f"It would use itself: {' → '.join([*cycle, cycle[0]])}.", field="condition")
    too_large = evaluation.segments_too_large({**segments, key: parsed})
    if too_large:  # whatever asks for one would err, for everybody
        named = ", ".join(sorted(too_large)[:3])
        raise Refused(f"With all that it uses, {named} would be too large to be evaluated.", field="condition")
    patterns_in_use.check_segment(product, key, segments, {**segments, key: parsed})
    return dict(parsed)


def _states_using(key: str, product: Product) -> list[FlagState]:
    """The states whose rules come to this segment, directly or through others. Archived flags may come back."""
    segments = definition.segments_of(product)
    states = FlagState.objects.filter(flag__product=product).exclude(targeting__rules=[])
    found = states.select_related("flag__product", "environment").order_by("environment_id", "flag_id")
    return [state for state in found if key in rules.used_segments(state.targeting, segments)]


def _refuse_growth(
    states: list[FlagState], before: Mapping[str, Any], after: Mapping[str, Any], actor: User | None
) -> None:
    growing = []
    for number, state in enumerate(states):
        if number % 100 == 0:
            growth.give_way()
        if state.flag.archived_at:
            continue
        content = definition.complete(state.flag, state)
        if growth.grows(state, definition.exposure(content, before), definition.exposure(content, after)):
            growing.append(state)
    instead = "make another segment, and let the flags' rules move to it."
    growth.refuse(growing, seconded=actor is None, field="condition", instead=instead)


def _record(
    segment: Segment, actor: User | None, action: str, moved: list[FlagState], reason: str = "", stream: str = ""
) -> AuditEntry:
    return audit.record(
        stream=stream or f"product:{segment.product_id}",
        actor=actor,
        action=action,
        subject=f"segment:{segment.pk}",
        data={
            "key": segment.key,
            "condition": definition.digest(segment.condition),
            "flags": sorted({state.flag_id for state in moved}),
            **record.about_all(moved),
        },
        texts={"reason": reason, **({} if stream else segment_past.texts(segment))},
    )
