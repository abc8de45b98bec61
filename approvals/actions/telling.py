"""Telling signers that what they decided about is no longer what it was.

Nothing has to remember to call this: it looks at what a release is and at what each signer knows of it, and may run at
any time, any number of times, and be killed anywhere (P8).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse

from approvals import rules
from approvals.actions.submitting import as_stored, lock, seal_of
from approvals.case import Case
from approvals.choices import News, Verdict
from approvals.models import Decision, Told, Watch
from approvals.since import Since, since
from core import audit, clock, failpoints, notify
from core.models import AuditStream
from releases.models import Release

LOOK_ANYWAY = timedelta(minutes=5)
"""A release is looked at when its record grew; and this often whatever its record says."""

failpoints.declare("told.looked", "told.committed")


@dataclass(frozen=True, kw_only=True)
class Item:
    """What one person has to hear about one decision of theirs, and what changed since they last knew."""

    decision: Decision
    news: News
    since: Since


def to_look_at() -> list[int]:
    """Releases somebody decided about that may have changed since they were last looked at."""
    rows = Release.objects.unfinished().filter(signoff_requests__decisions__isnull=False).distinct()
    releases = list(rows.select_related("watch"))
    heads = dict(AuditStream.objects.filter(pk__in=[one.subject for one in releases]).values_list("key", "seq"))
    now = clock.now()
    return [one.pk for one in releases if _is_due(getattr(one, "watch", None), heads.get(one.subject, 0), now)]


def _is_due(watch: Watch | None, seq: int, now: datetime) -> bool:
    return watch is None or watch.since is not None or watch.seq != seq or now - watch.looked_at > LOOK_ANYWAY


@transaction.atomic
def tell_changes(*, release: Release) -> list[Item]:
    """Tell who has to hear of it, once it settled; returns what was told. Raises Conflict for a finished release."""
    case, now = Case(lock(release)), clock.now()
    watch = _looked(case, now)
    found = news(case)
    watch.since = (watch.since or now) if found else None
    kinds = {item.news for item in found}
    told: list[Item] = []
    if watch.since and rules.is_settled(kinds, seen_at=watch.seen_at, since=watch.since, now=now):
        watch.rounds, watch.since, told = watch.rounds + 1, None, found
        _tell(case, found, watch.rounds)
    watch.save()
    failpoints.reach("told.looked")
    transaction.on_commit(lambda: failpoints.reach("told.committed"))
    return told


def _looked(case: Case, now: datetime) -> Watch:
    _, content = as_stored(case)
    watch = Watch.objects.filter(release=case.release).first() or Watch(release=case.release, seen_at=now)
    if watch.content_digest != content:
        watch.content_digest, watch.seen_at = content, now
    head = AuditStream.objects.filter(key=case.release.subject).first()
    watch.seq, watch.looked_at = head.seq if head else 0, now
    return watch


def news(case: Case) -> list[Item]:
    """What each person whose newest decision is no withdrawal has to hear."""
    known = {
        (row.request_id, row.person_id): row
        for row in Told.objects.filter(request__release=case.release).select_related("seal").order_by("id")
    }
    newest = {(one.request_id, one.person_id): one for one in case.decisions}
    covers = {request.pk: request.stage.covers for request in case.requests.values()}
    found = []
    for key, decision in newest.items():
        if decision.verdict == Verdict.REVOKE:
            continue
        told = known.get(key)
        knows = (told.seal if told and told.at > decision.at else decision.seal).parts
        now_parts = {part.name: part for part in case.parts}
        wording = [name for name, part in now_parts.items() if knows.get(name, {}).get("content") != part.content]
        kind = rules.news(_digests(decision.seal.parts), _digests(knows), case.digests, wording, covers[key[0]])
        if kind:
            before = knows if kind is News.WORDING else decision.seal.parts
            found.append(Item(decision=decision, news=kind, since=since(case.parts, before, covers[key[0]])))
    return found


def _digests(parts: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: part["digest"] for name, part in parts.items()}


def _tell(case: Case, found: Sequence[Item], round: int) -> None:
    seal = seal_of(case)
    for item in found:
        request, person = case.requests[item.decision.request.stage_id], item.decision.person
        verdict, stage = Verdict(item.decision.verdict), item.decision.request.stage
        what = "signature" if verdict.grants else "refusal"
        notify.tell(
            recipients=[person],
            kind="signoff_changed",
            subject_key=case.release.subject,
            dedupe=f"changed:{request.pk}:{round}",
            subject=f"{case.release.name} changed: your {what} for {stage.name} {item.news.label}",
            context={
                "release": case.release,
                "stage": stage,
                "decision": item.decision,
                "verdict": verdict,
                "what": what,
                "news": item.news.value,
                "changed": item.since.lines,
                "more": item.since.more,
                "may_sign": not case.may_not_sign(stage, person),
                "url": reverse("approve", args=[request.pk]),
            },
        )
        Told.objects.create(request=request, person=person, seal=seal)
    _tell_manager(case, [item for item in found if item.news is not News.WORDING], round)


def _tell_manager(case: Case, moved: Sequence[Item], round: int) -> None:
    """Which stages' decisions fell, and which stand again; and put it on record."""
    for kind, action in ((News.FELL, "signoff_fell"), (News.STANDS, "signoff_stands")):
        stages = _stages(moved, kind)
        if stages:
            audit.record(
                stream=case.release.subject,
                actor=None,
                action=action,
                subject=case.release.subject,
                data={"stages": " and ".join(stages), "seal": case.digest},
            )
    if moved:
        asked = {request.asked_by for request in case.requests.values()}
        fell, stands = _stages(moved, News.FELL), _stages(moved, News.STANDS)
        subject = f"decisions of {' and '.join(fell)} fell away" if fell else f"{' and '.join(stands)} count again"
        notify.tell(
            recipients={case.release.manager, *asked},
            kind="signoff_stages",
            subject_key=case.release.subject,
            dedupe=f"stages:{case.release.pk}:{round}",
            subject=f"{case.release.name}: {subject}",
            context={
                "release": case.release,
                "fell": [(item.decision, item.since) for item in moved if item.news is News.FELL],
                "stands": [item.decision for item in moved if item.news is News.STANDS],
                "url": reverse("release", args=[case.release.pk]) + "#signoff",
            },
        )


def _stages(items: Sequence[Item], kind: News) -> list[str]:
    return list(dict.fromkeys(item.decision.request.stage.name for item in items if item.news is kind))
