"""Whose signature and whose tick is missing."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, Q
from django.urls import reverse

from approvals import checklist
from approvals.case import Case
from approvals.models import Remark, SignoffRequest
from core.choices import RoleKind
from core.models import User
from core.today import Work
from core.words import span
from releases.models import Release


def work(user: User, now: datetime) -> Sequence[Work]:
    """One row per stage that waits for this person, and one per release with items of their teams to tick."""
    asked = Q(stage__team__members=user) | Q(delegations__to=user)
    mine = SignoffRequest.objects.visible_to(user).filter(asked).values_list("release", flat=True)
    releases = Release.objects.unfinished().filter(pk__in=mine).select_related("product", "manager").distinct()
    signatures = [row for release in releases for row in _signatures(Case(release), user, now)]
    return [*signatures, *_questions(user), *_ticks(user)]


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
                meta=str(case.release.product),
                since=request.asked_at,
                frees=case.release.features.count(),
            )
        )
    return rows


def _questions(user: User) -> list[Work]:
    """What signers want to know, for who runs releases of the product."""
    managed = Q(
        request__release__product__roles__user=user, request__release__product__roles__kind=RoleKind.RELEASE_MANAGER
    )
    rows = Remark.objects.filter(managed, question=None, answer=None, request__release__in=Release.objects.unfinished())
    return [
        Work(
            group="decision",
            title=f"Answer {row.person} about {row.request.release}",
            why=f"“{row.words.text}”" if row.words.text else f"A question for {row.request.stage}.",
            url=reverse("approve", args=[row.request_id]) + f"#question-{row.pk}",
            act="Answer",
            tone="wait",
            icon="msg",
            word="unanswered",
            meta=str(row.request.release.product),
            since=row.at,
            frees=row.features,
        )
        for row in rows.select_related("person", "words", "request__stage", "request__release__product").annotate(
            features=Count("request__release__features")
        )
    ]


def _ticks(user: User) -> list[Work]:
    releases = Release.objects.visible_to(user).unfinished().filter(checklist__team__members=user).distinct()
    rows = []
    for release in releases:
        teams = set(user.teams.filter(product=release.product_id).values_list("name", flat=True))
        left = [one for one in checklist.items(release) if not one.done and not one.auto and one.team in teams]
        if left:
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            rows.append(
                Work(
                    group="decision",
                    title=f"Tick the checklist of {release}",
                    why=f"{left[0].text}{more}.",
                    url=reverse("release", args=[release.pk]) + "#checklist",
                    act="Tick",
                    tone="wait",
                    icon="waiting",
                    word="waiting",
                    meta=str(release.product),
                )
            )
    return rows
