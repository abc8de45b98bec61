"""What of this room needs a person today: releases of theirs that cannot go on."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from core.models import User
from core.remember import by_record
from core.today import MEANWHILE, Work
from core.words import moment
from releases import rules
from releases.choices import ReleaseStatus
from releases.gates import Gate, Question, closed, readiness
from releases.models import Release
from releases.panels import panels

ASKED = 12
"""How many releases are asked for their gates at most; the list of releases has them all."""


@dataclass(frozen=True)
class Standing:
    """What the gates of a release say: its sentence, and the first one that is shut."""

    said: str
    shut: Gate | None


def work(user: User, now: datetime) -> list[Work]:
    """One row per release that this person manages and that waits for something, with the sentence of its page."""
    waiting = [ReleaseStatus.DRAFT, ReleaseStatus.VALIDATION, ReleaseStatus.SIGNOFF]
    mine = Release.objects.visible_to(user).filter(manager=user, status__in=waiting)
    rows = mine.select_related("product", "manager").prefetch_related("features", "candidates")[:ASKED]
    found = {release.pk: release for release in rows}
    streams = {pk: release.streams for pk, release in found.items()}
    standings = by_record("today-gates", streams, lambda pk: _standing(found[pk], now))
    return [_row(release, standings[pk]) for pk, release in found.items()] + _meanwhile(user)


def next_step(release: Release, user: User, now: datetime) -> str:
    """What comes once all gates are open: ``5 %, started by Rhea Lind``; empty where nothing is planned."""

    def ask(_: int) -> str:
        return next((panel.then for panel in panels(release, user, now) if panel.then), "")

    return by_record(f"next-step:{user.pk}", {release.pk: release.streams}, ask)[release.pk]


def _standing(release: Release, now: datetime) -> Standing:
    gates = readiness(Question(release=release, now=now))
    line = rules.headline(gates, ReleaseStatus(release.status), "", now)
    return Standing(f"{line.lead} {line.text}{f', {line.then}' if line.then else ''}.", next(iter(closed(gates)), None))


def _row(release: Release, standing: Standing) -> Work:
    shut = standing.shut
    blocked = shut is not None and shut.state is rules.GateState.BLOCKED
    return Work(
        group="blocked",
        title=release.name,
        why=standing.said if shut else "Every gate is open: it can start.",
        url=reverse("release", args=[release.pk]),
        act="Open",
        tone="bad" if blocked else "wait" if shut else "good",
        icon="blocked" if blocked else "waiting" if shut else "open",
        word="blocked" if blocked else "waiting" if shut else "ready",
        meta=shut.who if shut else str(release.manager),
        since=shut.since if shut else None,
        frees=len(release.features.all()),
        product=release.product_id,
    )


def _meanwhile(user: User) -> list[Work]:
    """What went out last and what is on its way, for a day on which nothing waits."""
    seen = Release.objects.visible_to(user)
    rows = []
    last = seen.filter(status=ReleaseStatus.COMPLETED, finished_at__isnull=False).order_by("-finished_at").first()
    if last and last.finished_at:
        rows.append(_told(last, f"{last} went out, and was watched to its end on {moment(last.finished_at)}."))
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
