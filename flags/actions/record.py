"""What is kept of a changed flag: an entry of the record, and a version of each state, which says all that it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core import audit, clock
from core.models import AuditEntry, User
from core.weights import as_percent
from flags import definition, rules, versions, words
from flags.models import Flag, FlagSet, FlagState, FlagVersion, Segment

Segments = Mapping[int, Mapping[str, Any]]
"""Product → key → condition."""


def stamp(states: Sequence[FlagState], sets: Mapping[int, FlagSet], *fields: str, **changes: Any) -> None:
    """Write `changes`, and `fields` set before, of locked states, from the next version of their environment on."""
    next_version = {pk: versions.bump(sets[pk]) for pk in sorted({state.environment_id for state in states})}
    now = clock.now()
    for state in states:
        state.version, state.changed_at = next_version[state.environment_id], now
        for field, value in changes.items():
            setattr(state, field, value)
    FlagState.objects.bulk_update(states, [*fields, *changes, "version", "changed_at"], batch_size=500)


def entry(
    flag: Flag, actor: User | None, action: str, data: dict[str, Any], reason: str = "", stream: str = "", **texts: str
) -> AuditEntry:
    subject = f"flag:{flag.pk}"
    where, said = stream or flag.claim or subject, {**texts, "reason": reason}
    return audit.record(stream=where, actor=actor, action=action, subject=subject, data=data, texts=said)


def about(state: FlagState) -> dict[str, Any]:
    """What the record says of a changed state. Pins and rules stand in its version; here stands its digest."""
    return {
        "key": state.flag.key,
        "environment": state.environment.slug,
        "version": state.version,
        "percent": as_percent(state.weight),
        "to": words.reach(state.weight, state.build),
        "definition": _digest(state, _segments([state])),
    }


def about_all(states: Sequence[FlagState], **also: Any) -> dict[str, Any]:
    """The same of many states that one entry changes: flag and environment → digest. `also` as in `keep`."""
    segments = _segments(states)
    return {"definitions": {f"{one.flag_id}:{one.environment_id}": _digest(one, segments, **also) for one in states}}


def keep(states: Sequence[FlagState], made_by: AuditEntry, **also: Any) -> None:
    """What these flags are from now on, and which entry of the record brought it. `also`: more of their definition."""
    segments = _segments(states)
    FlagVersion.objects.bulk_create(
        FlagVersion(
            flag=state.flag,
            environment=state.environment,
            version=state.version,
            entry=made_by,
            definition={**definition.complete(state.flag, state), **also},
            segments=rules.used_segments(state.targeting, segments[state.flag.product_id]),
        )
        for state in states
    )


def _digest(state: FlagState, segments: Segments, **also: Any) -> str:
    content = {**definition.complete(state.flag, state), **also}
    return definition.whole_digest(content, segments[state.flag.product_id])


def _segments(states: Iterable[FlagState]) -> Segments:
    found: dict[int, dict[str, Any]] = {state.flag.product_id: {} for state in states}
    for product, key, condition in Segment.objects.filter(product__in=found).values_list("product", "key", "condition"):
        found[product][key] = condition
    return found
