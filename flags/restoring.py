"""What making a flag what it was at a version would bring, and what of that version it would not bring back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from flags import definition, diff
from flags.models import FlagState, FlagVersion


@dataclass(frozen=True)
class Restoring:
    """`would`: from what the flag is to what it would be. `stays`: from what it was then to what it would still not be
    like, with the pages (words, address) where that is changed.
    """

    would: Sequence[diff.Change]
    stays: Sequence[diff.Change]
    links: Sequence[tuple[str, str]]


def restoring(kept: FlagVersion, state: FlagState) -> Restoring:
    """Of `kept`, a version of the flag in the environment of `state`."""
    flag, segments = state.flag, definition.segments_of(state.flag.product_id)
    now = definition.complete(flag, state)
    after = {**now, **definition.restored(kept.definition)}
    after["withheld"] = now["withheld"] and not after["weight"]  # a percentage is given to somebody at once
    stays = diff.changes(kept.definition, after, kept.segments, segments, most=None)
    gone = {key: kept.segments[key] for key in kept.segments if key not in segments}
    if gone:
        lines = [diff.Line(key, diff.when(condition)) for key, condition in gone.items()]
        stays.append(diff.Change("Segments, gone", lines))
    return Restoring(diff.changes(now, after), stays, _links(state, stays))


def _links(state: FlagState, stays: Sequence[diff.Change]) -> list[tuple[str, str]]:
    flag, found = state.flag, []
    for one in stays:
        if one.title == "Values":
            found.append(("Its values", reverse("flag-values", args=[flag.product.slug, flag.key])))
        if one.title == "Segments":
            for line in one.lines:
                found.append((f"Segment {line.what}", reverse("segment", args=[flag.product.slug, line.what])))
        if one.title in ("Kill switch", "Withheld"):
            found.append((f"{flag.key} in {state.environment.name.lower()}", flag.get_absolute_url()))
    return list(dict.fromkeys(found))
