"""Whose signature, whose answer and whose tick is missing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse

from approvals import checklist
from approvals.case import Case
from approvals.models import Decision, Remark, SignoffRequest
from core.choices import RoleKind
from core.models import User
from core.remember import by_record
from core.today import Work
from core.words import ago, span
from releases.models import Release
from releases.today import next_step

ASKED = 12
"""How many releases are asked at most, those in which this person has not decided yet first; of the others one row says
that they are there.
"""


def work(user: User, now: datetime) -> Sequence[Work]:
    """One row per stage that waits for this person, per question to answer, and per release with items to tick."""
    asked = Q(stage__team__members=user) | Q(delegations__to=user)
    to_sign = SignoffRequest.objects.visible_to(user).filter(asked).values_list("release", flat=True)
    to_tick = Release.objects.visible_to(user).filter(checklist__team__members=user).values_list("pk", flat=True)
    mine = Release.objects.unfinished().filter(Q(pk__in=to_sign) | Q(pk__in=to_tick))
    decided = Decision.objects.filter(person=user, request__release=OuterRef("pk"))
    rows = mine.annotate(size=Count("features", distinct=True), decided=Exists(decided)).order_by("decided", "pk")
    all_of_them = list(rows.select_related("product", "manager").prefetch_related("candidates"))
    found = {release.pk: release for release in all_of_them[:ASKED]}
    streams = {pk: release.streams for pk, release in found.items()}
    kept = by_record(f"today-approvals-{user.pk}", streams, lambda pk: _of(found[pk], user, now))
    about = [_freeing(row, found[pk], user, now) for pk, rows in kept.items() for row in rows]
    return [*about, *_more(all_of_them[ASKED:]), *_questions(user, now)]


def _more(left: Sequence[Release]) -> list[Work]:
    """One row for all that were not asked."""
    if not left:
        return []
    return [
        Work(
            group="decision",
            title=f"{len(left)} more release{'s' if len(left) > 1 else ''} may need you",
            why=f"The next one is {left[0]}. They come here once those above are dealt with.",
            url=reverse("releases"),
            act="Look",
            tone="wait",
            icon="waiting",
            word="waiting",
        )
    ]


def _of(release: Release, user: User, now: datetime) -> list[Work]:
    return _signatures(Case(release), user, now) + _ticks(release, user)


def _freeing(row: Work, release: Release, user: User, now: datetime) -> Work:
    """The same row, saying what it lets go on."""
    size: int = release.size  # type: ignore[attr-defined]  # annotated above
    return replace(
        row,
        meta=_frees(size),
        note=f"asked {ago(row.since, now)}" if row.since else "",
        frees=size,
        sets_free=str(release),
        then=partial(next_step, release, user, now),
        product=release.product_id,
    )


def _frees(features: int) -> str:
    return f"frees {features} feature{'' if features == 1 else 's'}"


def _signatures(case: Case, user: User, now: datetime) -> list[Work]:
    rows = []
    for stage in case.stages:
        request, standing = case.requests.get(stage.pk), case.standing(stage)
        if request is None or standing.is_granted or standing.refused or user not in case.signers(stage):
            continue
        missing = sum(one.missing for one in case.standings)
        again = any(void.signed.person == user.pk for void in standing.void)
        late = now - request.due_at
        rows.append(
            Work(
                group="decision",
                title=f"Sign {'again ' if again else ''}for {stage}: {case.release}",
                why=f"{request.asked_by} asked; {missing} signature{'s' if missing > 1 else ''} missing."
                + (f" {span(late)} late." if late.total_seconds() > 0 else ""),
                url=reverse("approve", args=[request.pk]),
                act="Read and sign",
                tone="wait",
                icon="waiting",
                word="waiting",
                since=request.asked_at,
            )
        )
    return rows


def _ticks(release: Release, user: User) -> list[Work]:
    teams = set(user.teams.filter(product=release.product_id).values_list("name", flat=True))
    left = [one for one in checklist.items(release) if not one.done and not one.auto and one.team in teams]
    if not left:
        return []
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    return [
        Work(
            group="decision",
            title=f"Tick the checklist of {release}",
            why=f"{left[0].text}{more}.",
            url=reverse("release", args=[release.pk]) + "#checklist",
            act="Tick",
            tone="wait",
            icon="waiting",
            word="waiting",
        )
    ]


def _questions(user: User, now: datetime) -> list[Work]:
    """What signers want to know, for who runs releases of the product."""
    managed = Q(
        request__release__product__roles__user=user, request__release__product__roles__kind=RoleKind.RELEASE_MANAGER
    )
    found = Remark.objects.filter(
        managed, question=None, answer=None, request__release__in=Release.objects.unfinished()
    )
    rows = found.select_related("person", "words", "request__stage", "request__release__product")
    sized = rows.annotate(size=Count("request__release__features"))
    return [_question(row, row.size, user, now) for row in sized]  # type: ignore[attr-defined]


def _question(row: Remark, size: int, user: User, now: datetime) -> Work:
    release = row.request.release
    return Work(
        group="decision",
        title=f"Answer {row.person} about {release}",
        why=f"“{row.words.text}”" if row.words.text else f"A question for {row.request.stage}.",
        url=reverse("approve", args=[row.request_id]) + f"#question-{row.pk}",
        act="Answer",
        tone="bad",
        icon="blocked",
        word="unanswered",
        meta=_frees(size),
        note=f"asked {ago(row.at, now)}",
        since=row.at,
        frees=size,
        sets_free=str(release),
        then=partial(next_step, release, user, now),
        product=release.product_id,
    )
