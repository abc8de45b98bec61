"""Changes that wait, as a flag's page shows them: what each would change by now, and what this person may say to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.models import AuditEntry, User
from flags import definition, diff
from flags.actions.planned import may_agree, outdated
from flags.choices import ChangeState
from flags.models import Flag, PlannedChange
from flags.places import Place


@dataclass(frozen=True)
class Planned:
    """`lines`: what is different from what the flag is now. `may`: this person may change the flag at all, and with
    `seconds` agree to what somebody else asked. `outdated`: why it cannot be made any more. `late`: its time has passed
    while it waited.
    """

    change: PlannedChange
    lines: Sequence[diff.Change]
    why: str
    may: bool
    own: bool
    seconds: bool = True
    outdated: str = ""
    late: bool = False

    @property
    def state(self) -> ChangeState:
        return ChangeState(self.change.state)

    @property
    def can_agree(self) -> bool:
        return self.may and self.seconds and not self.own and self.state == ChangeState.WAITING and not self.outdated

    @property
    def can_ask_again(self) -> bool:
        return self.may and (self.state == ChangeState.SUSPENDED or bool(self.outdated))


def planned(flag: Flag, places: Sequence[Place], user: User, now: datetime) -> list[Planned]:
    """The open ones, the newest first."""
    rows = PlannedChange.objects.open().filter(flag=flag).select_related("environment", "asked_by", "decided_by")
    changes = list(rows.select_related("entry").prefetch_related("entry__texts"))
    segments = definition.segments_of(flag.product_id) if changes else {}
    by_environment = {place.environment.pk: place for place in places}
    return [_shown(change, by_environment[change.environment_id], user, segments, now) for change in changes]


def _shown(change: PlannedChange, place: Place, user: User, segments: Mapping[str, Any], now: datetime) -> Planned:
    before = definition.complete(place.state.flag, place.state)
    after = definition.complete(place.state.flag, place.state, **change.changes)
    return Planned(
        change,
        diff.changes(before, after),
        reason_in(change.entry),
        place.may_change,
        own=change.asked_by_id == user.pk,
        seconds=not change.asked_by.is_service or user.has_role(place.environment.product, *may_agree(change)),
        outdated="" if change.state == ChangeState.SUSPENDED else outdated(change, place.state, segments),
        late=change.state == ChangeState.WAITING and change.due_at is not None and change.due_at <= now,
    )


def reason_in(entry: AuditEntry | None) -> str:
    """The reason that somebody gave, of an entry whose texts were prefetched."""
    return next((text.text for text in entry.texts.all() if text.field == "reason"), "") if entry else ""
