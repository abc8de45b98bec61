"""What of this room needs a person today: flags that they are asked to take out, and changes that wait for them."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from core.models import Product, User
from core.today import Work
from core.words import ago, moment
from flags.actions import ANSWER_FOR, MAY_CHANGE
from flags.choices import ChangeState
from flags.models import CleanUp, Flag, PlannedChange

MOST = 5
"""Requests that stand in rows of their own; one row says how many more there are."""


def work(user: User, now: datetime) -> Sequence[Work]:
    return [*planned(user, now), *clean_ups(user, now)]


def clean_ups(user: User, now: datetime) -> Sequence[Work]:
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


def planned(user: User, now: datetime) -> Sequence[Work]:
    """One row per change that waits for a second person, who this one could be, the longest waiting first; and one per
    change of their own that was suspended.
    """
    here = PlannedChange.objects.filter(
        flag__product__roles__user=user, flag__product__roles__kind__in=MAY_CHANGE
    ).exclude(flag__archived_at__isnull=False)
    answered = Product.objects.filter(roles__user=user, roles__kind__in=ANSWER_FOR)
    by_people = Q(asked_by__is_service=False) | Q(flag__product__in=answered)  # as `may_agree`
    others = here.filter(by_people, state=ChangeState.WAITING).exclude(asked_by=user)
    own = here.filter(state=ChangeState.SUSPENDED, asked_by=user)
    rows = (others | own).distinct().select_related("flag__product", "environment", "asked_by", "entry")
    found = list(rows.order_by("pk"))
    return [*(_change(one, user, now) for one in found[:MOST]), *_more_changes(found[MOST:])]


def _change(one: PlannedChange, user: User, now: datetime) -> Work:
    flag, where = one.flag, one.environment.name.lower()
    suspended = one.state == ChangeState.SUSPENDED
    due = f" It is meant for {moment(one.due_at)}." if one.due_at else ""
    why = f"{one.said} Ask again, or let it be." if suspended else f"{one.asked_by} asks for a second person.{due}"
    state = ChangeState(one.state)
    return Work(
        group="decision",
        title=f"{'Look at' if suspended else 'Agree to'} a change of {flag.key} in {where}",
        why=why,
        url=f"{flag.get_absolute_url()}#planned",
        act="Look" if suspended else "Read and decide",
        tone=state.tone,
        icon=state.icon,
        word="suspended" if suspended else "waiting",
        meta=str(flag.product),
        note=f"asked {ago(one.entry.at, now)}",
        since=one.entry.at,
        topic=f"flag:{flag.pk}",
        product=flag.product_id,
    )


def _more_changes(left: Sequence[PlannedChange]) -> list[Work]:
    if not left:
        return []
    return [
        Work(
            group="decision",
            title=f"{len(left)} more change{'s' if len(left) > 1 else ''} of flags wait",
            why=f"The next one is of {left[0].flag.key}. They come here once those above are dealt with.",
            url=left[0].flag.get_absolute_url(),
            act="Look",
            tone="wait",
            icon="waiting",
            word="waiting",
            count=len(left),
        )
    ]
