"""What of this room needs a person today: flags that they are asked to take out."""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from core.models import User
from core.today import Work
from core.words import ago
from flags.models import CleanUp, Flag

MOST = 5
"""Requests that stand in rows of their own; one row says how many more there are."""


def work(user: User, now: datetime) -> Sequence[Work]:
    """One row per flag that somebody asks this person to clean up, the longest asked first."""
    mine = CleanUp.objects.filter(owner=user, done_at=None, flag__in=Flag.objects.visible_to(user))
    asked = list(mine.select_related("flag__product", "asked_by").order_by("asked_at"))
    return [*(_row(one, now) for one in asked[:MOST]), *_more(asked[MOST:])]


def _row(one: CleanUp, now: datetime) -> Work:
    flag = one.flag
    whom = "You took it on." if one.asked_by_id == one.owner_id else f"{one.asked_by} asks you to."
    return Work(
        group="decision",
        title=f"Clean up {flag.key}",
        why=f"{flag.name}: keep what it decided, take the question out of the code. {whom}",
        url=flag.get_absolute_url(),
        act="Open",
        tone="wait",
        icon="waiting",
        word="clean-up",
        meta=str(flag.product),
        note=f"asked {ago(one.asked_at, now)}",
        since=one.asked_at,
        topic=f"flag:{flag.pk}",
        product=flag.product_id,
    )


def _more(left: Sequence[CleanUp]) -> list[Work]:
    if not left:
        return []
    return [
        Work(
            group="decision",
            title=f"{len(left)} more flag{'s' if len(left) > 1 else ''} to clean up",
            why="The backlog has them all.",
            url=f"{reverse('flag-backlog')}?mine=1",
            act="Look",
            tone="wait",
            icon="waiting",
            word="clean-up",
            since=left[0].asked_at,
            count=len(left),
        )
    ]
