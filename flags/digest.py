"""Once a week each person hears which of their flags can go.

Looked at every half hour and decided by level, not by the tick: whoever's Monday morning is past, in their own zone,
and was not told this week, is told now. So a worker that was down at that hour tells later, and two at once tell once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple

from django.db import transaction
from django.urls import reverse

from core import notify
from core.models import OutboxMessage, User
from flags import lifecycle
from flags.lifecycle import Facts, Life
from flags.lives import lives
from flags.models import CleanUp, Flag

HOUR = time(8)
"""On Monday, where the person is."""
LATE = timedelta(days=4)
"""How long after that a mail still goes out: later, the next Monday is near."""
MOST = 30
"""Flags that a mail names; it says how many more there are."""


class Line(NamedTuple):
    """One flag of a mail."""

    flag: Flag
    life: Life

    @property
    def why(self) -> str:
        return " ".join(reason.sentence for reason in self.life.reasons)


def tell_owners(now: datetime) -> int:
    """Write this week's mails that are due and were not written yet; returns how many. Safe to run at any time, any
    number of times, several at once.
    """
    flags = list(Flag.objects.in_use().select_related("product"))
    waiting = _untold(_whose(flags), now)
    if not waiting:
        return 0
    known = {pk: life.facts for pk, life in lives(flags, now).items()}
    return sum(_tell(person, since, mine, known) for person, since, mine in waiting)


def monday(now: datetime, person: User) -> datetime:
    """When this person's week of mails began: the last Monday at HOUR, in their zone."""
    local = now.astimezone(notify.zone_of(person))
    begin = datetime.combine(local.date() - timedelta(days=local.weekday()), HOUR, local.tzinfo)
    return begin if begin <= local else begin - timedelta(days=7)


def _whose(flags: Sequence[Flag]) -> dict[User, list[Flag]]:
    """Who is to take them out: whoever is asked, else the owner; only people who still work on the product."""
    asked = {one.flag_id: one.owner_id for one in CleanUp.objects.filter(flag__in=flags, done_at=None)}
    whose = {flag.pk: asked.get(flag.pk) or flag.owner_id or 0 for flag in flags}
    people = User.objects.filter(pk__in=set(whose.values()), is_active=True, is_service=False, erased_at=None)
    known = {person.pk: person for person in people.prefetch_related("roles")}
    found: dict[User, list[Flag]] = defaultdict(list)
    for flag in flags:
        person = known.get(whose[flag.pk])
        if person and any(role.product_id == flag.product_id for role in person.roles.all()):
            found[person].append(flag)
    return found


def _untold(whose: dict[User, list[Flag]], now: datetime) -> list[tuple[User, datetime, list[Flag]]]:
    """Who was not told this week, since when it lasts for them, and their flags."""
    weeks = {person: monday(now, person) for person in whose}
    keys = {person: f"{_key(since)}:{person.pk}" for person, since in weeks.items() if now - since <= LATE}
    told = set(OutboxMessage.objects.filter(dedupe__in=keys.values()).values_list("dedupe", flat=True))
    return [(person, weeks[person], whose[person]) for person, key in keys.items() if key not in told]


def _key(since: datetime) -> str:
    year, week, _ = since.isocalendar()
    return f"flag-digest:{year}-W{week:02}"


def _tell(person: User, since: datetime, mine: Sequence[Flag], known: dict[int, Facts]) -> int:
    """What was due on Monday morning: somebody whose flag falls due on Tuesday hears of it next week."""
    lines = [Line(flag, lifecycle.life(known[flag.pk], since)) for flag in mine]
    due = sorted((line for line in lines if line.life.is_due), key=lambda line: line.life.reasons[0].since)
    if not due:
        return 0
    count = f"{len(due)} flag{'s' if len(due) > 1 else ''}"
    with transaction.atomic():
        written = notify.tell(
            recipients=[person],
            kind="flag_digest",
            subject_key=f"person:{person.pk}",
            dedupe=_key(since),
            subject=f"{count} to clean up",
            context={
                "lines": due[:MOST],
                "more": len(due[MOST:]),
                "count": count,
                "url": f"{reverse('flag-backlog')}?mine=1",
            },
        )
    return len(written)
