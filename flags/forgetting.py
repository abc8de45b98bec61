"""Forgetting a user of the application, whom pins and conditions may name by key or by address."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction

from core import audit, clock, locks
from core.errors import Refused
from core.models import AuditText, Product
from flags.models import FlagState, FlagVersion, PlannedChange, Segment

GONE = "(erased)"


@transaction.atomic
def forget_user(*, product: Product, user: str) -> int:
    """Blank `user` in all that flags and segments of the product were, or were asked to be; returns in how many
    places. The record goes on to say, by digest, that they were something else.

    Raises Refused while a flag or a segment still names them: that is a change, and has to be made as one.
    """
    if not user or user == GONE:
        raise Refused("Say whom to forget.")
    locks.product_exclusive(product.pk)
    for state in FlagState.objects.filter(flag__product=product).select_related("flag", "environment"):
        if without(state.targeting, user) != state.targeting:
            raise Refused(f"{state.flag.key} still names this user in {state.environment}: change its rules first.")
    for segment in Segment.objects.filter(product=product):
        if without(segment.condition, user) != segment.condition:
            raise Refused(f"The segment {segment.key} still names this user: change it first.")
    found = 0
    for version in FlagVersion.objects.filter(flag__product=product).iterator():
        found += _blank(version, user, "definition", "segments")
    for change in PlannedChange.objects.filter(flag__product=product).iterator():
        found += _blank(change, user, "changes")
    stream = f"product:{product.pk}"
    found += _blank_segments(stream, user)
    audit.record(stream=stream, actor=None, action="flag_user_forgotten", subject=stream, data={"places": found})
    return found


def _blank_segments(stream: str, user: str) -> int:
    """What segments were stands in texts of the product's record, which are whole or erased."""
    kept = AuditText.objects.filter(entry__stream=stream, entry__subject__startswith="segment:", field="condition")
    found = 0
    for text in kept.filter(erased_at=None).iterator():
        condition = json.loads(text.text)
        if without(condition, user) != condition:
            found += AuditText.objects.filter(pk=text.pk).update(text="", salt="", erased_at=clock.now())
    return found


def without(value: Any, text: str) -> Any:
    """Plain JSON in which neither a key nor a value is `text`."""
    if isinstance(value, dict):
        return {GONE if key == text else key: without(inner, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [without(inner, text) for inner in value]
    return GONE if value == text else value


def _blank(row: FlagVersion | PlannedChange, user: str, *fields: str) -> int:
    changed = {field: without(getattr(row, field), user) for field in fields}
    if all(getattr(row, field) == value for field, value in changed.items()):
        return 0
    for field, value in changed.items():
        setattr(row, field, value)
    row.save(update_fields=list(changed))
    return 1
