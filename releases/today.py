"""What of this room needs a person today: releases of theirs that cannot go on."""

from datetime import datetime

from django.urls import reverse

from core.models import User
from core.today import MEANWHILE, Work
from core.words import moment
from releases import rules
from releases.choices import ReleaseStatus
from releases.gates import Question, closed, readiness
from releases.models import Release

ASKED = 12
"""How many releases are asked for their gates at most; the list of releases has them all."""


def work(user: User, now: datetime) -> list[Work]:
    """One row per release that this person manages and that waits for something, with the sentence of its page."""
    waiting = [ReleaseStatus.DRAFT, ReleaseStatus.VALIDATION, ReleaseStatus.SIGNOFF]
    mine = Release.objects.visible_to(user).filter(manager=user, status__in=waiting)
    rows = []
    for release in mine.select_related("product", "manager").prefetch_related("features")[:ASKED]:
        gates = readiness(Question(release=release, now=now))
        shut = closed(gates)
        line = rules.headline(gates, ReleaseStatus(release.status), "", now)
        said = f"{line.lead} {line.text}{f', {line.then}' if line.then else ''}."
        blocked = bool(shut) and shut[0].state is rules.GateState.BLOCKED
        rows.append(
            Work(
                group="blocked",
                title=release.name,
                why=said if shut else "Every gate is open: it can start.",
                url=reverse("release", args=[release.pk]),
                act="Open",
                tone="bad" if blocked else "wait" if shut else "good",
                icon="blocked" if blocked else "waiting" if shut else "open",
                word="blocked" if blocked else "waiting" if shut else "ready",
                meta=shut[0].who if shut else str(release.manager),
                since=shut[0].since if shut else None,
                frees=len(release.features.all()),
                product=release.product_id,
            )
        )
    return rows + _meanwhile(user)


def _meanwhile(user: User) -> list[Work]:
    """What went out last and what is on its way, for a day on which nothing waits."""
    seen = Release.objects.visible_to(user)
    rows = []
    last = seen.filter(status=ReleaseStatus.COMPLETED, finished_at__isnull=False).order_by("-finished_at").first()
    if last and last.finished_at:
        rows.append(_told(last, f"{last} went out and has been watched to its end on {moment(last.finished_at)}."))
    coming = seen.unfinished().order_by("created_at").first()
    if coming:
        rows.append(_told(coming, f"The next one on its way is {coming}, in {coming.get_status_display().lower()}."))
    return rows


def _told(release: Release, sentence: str) -> Work:
    return Work(
        group=MEANWHILE,
        title=str(release),
        why=sentence,
        url=reverse("release", args=[release.pk]),
        act="Open",
        tone="none",
        icon="release",
        word="",
        product=release.product_id,
    )
