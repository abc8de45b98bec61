"""Changes that wait, as a flag's page shows them: what each would change by now, and what this person may say to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.models import AuditEntry, User
from flags import definition, diff
from flags.choices import ChangeState
from flags.models import Flag, PlannedChange
from flags.places import Place


@dataclass(frozen=True)
class Planned:
    """`lines`: what is different from what the flag is now. `may`: this person may change the flag at all."""

    change: PlannedChange
    lines: Sequence[diff.Change]
    why: str
    may: bool
    own: bool

    @property
    def state(self) -> ChangeState:
        return ChangeState(self.change.state)

    @property
    def can_agree(self) -> bool:
        return self.may and not self.own and self.state == ChangeState.WAITING

    @property
    def can_ask_again(self) -> bool:
        return self.may and self.state == ChangeState.SUSPENDED


def planned(flag: Flag, places: Sequence[Place], user: User) -> list[Planned]:
    """The open ones, the newest first."""
    rows = PlannedChange.objects.open().filter(flag=flag).select_related("environment", "asked_by", "decided_by")
    by_environment = {place.environment.pk: place for place in places}
    found = []
    for change in rows.select_related("entry").prefetch_related("entry__texts"):
        place = by_environment[change.environment_id]
        before = definition.complete(flag, place.state)
        after = definition.complete(flag, place.state, **change.changes)
        own = change.asked_by_id == user.pk
        found.append(Planned(change, diff.changes(before, after), reason_in(change.entry), place.may_change, own))
    return found


def reason_in(entry: AuditEntry | None) -> str:
    """The reason that somebody gave, of an entry whose texts were prefetched."""
    return next((text.text for text in entry.texts.all() if text.field == "reason"), "") if entry else ""
