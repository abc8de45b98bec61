"""Asking for sign-off: whom, about what, and by when."""

import hashlib
from datetime import timedelta

from django.db import transaction
from django.urls import reverse

from approvals import rules
from approvals.case import Case
from approvals.models import Seal, SignoffRequest, Stage, Told
from approvals.reading import WHOM, facts
from approvals.since import Since, since
from core import audit, clock, locks, notify
from core.access import require
from core.audit import canonical
from core.choices import RoleKind
from core.errors import Conflict, Refused
from core.models import User
from releases.actions import set_status
from releases.choices import ReleaseStatus
from releases.models import Release


@transaction.atomic
def submit_release(*, release: Release, actor: User) -> list[SignoffRequest]:
    """Ask every stage of the lowest unfinished order to sign. Asking again reaches those whose signature fell away, and
    nobody twice about the same thing. Raises Refused where there is nothing to sign yet, or nobody to ask.
    """
    release = lock(release)
    require(actor, release.product, RoleKind.RELEASE_MANAGER)
    case = Case(release)
    missing = [str(one.product) for one in case.candidates if one.build is None]
    if not case.candidates or missing:
        raise Refused(f"There is no candidate build to sign yet{': ' if missing else ''}{', '.join(missing)}.")
    if not release.features.exists():
        raise Refused("A release without features has nothing to sign.")
    if not case.stages:
        raise Refused(f"No policy says who signs for {release.product}.")
    if release.status in {ReleaseStatus.DRAFT, ReleaseStatus.VALIDATION}:
        set_status(release=release, status=ReleaseStatus.SIGNOFF, actor=actor)
        case.release = release = Release.objects.select_related("product", "manager").get(pk=release.pk)
    return ask_next(case, actor)


def ask_next(case: Case, actor: User) -> list[SignoffRequest]:
    """Ask the stages whose turn it is. Called with the release row locked."""
    order = rules.next_order(case.standings)
    due = [stage for stage in case.stages if stage.order == order and not case.standing(stage).is_granted]
    return [_ask(case, stage, actor) for stage in due]


def _ask(case: Case, stage: Stage, actor: User) -> SignoffRequest:
    seal, now = seal_of(case), clock.now()
    request = case.requests.get(stage.pk)
    again = request is not None
    if request is None:
        request = SignoffRequest(release=case.release, stage=stage, asked_by=actor)
    if not (again and request.seal and request.seal.digest == seal.digest):
        request.seal, request.asked_at = seal, now
        request.due_at = now + timedelta(hours=stage.due_hours)
        request.save()
        case.requests[stage.pk] = request
        audit.record(
            stream=case.release.subject,
            actor=actor,
            action="signoff_asked_again" if again else "signoff_asked",
            subject=f"signoff:{request.pk}",
            data={"stage": stage.name, "stage_id": stage.pk, "seal": seal.digest},
        )
    _mail(case, stage, request)
    return request


def _mail(case: Case, stage: Stage, request: SignoffRequest) -> None:
    seal = seal_of(case)
    for person in case.signers(stage):
        if invite(case, request, person, kind="signoff", dedupe=f"signoff:{request.pk}:{case.digest[:16]}"):
            Told.objects.create(request=request, person=person, seal=seal)


def invite(case: Case, request: SignoffRequest, person: User, *, kind: str, dedupe: str, **more: object) -> bool:
    """Ask one person by mail to read and decide; whether that is news (`dedupe`)."""
    stage, mine = request.stage, case.newest(request, person)
    fallen = next((one for one in case.standing(stage).void if one.signed.person == person.pk), None)
    changed = since(case.parts, mine.seal.parts) if mine and fallen else Since()
    verb = "Please sign again" if fallen else "Please sign"
    return bool(
        notify.tell(
            recipients=[person],
            kind=kind,
            subject_key=case.release.subject,
            dedupe=dedupe,
            subject=f"{verb} for {stage.name}: {case.release.name}",
            context={
                "release": case.release,
                "stage": stage,
                "request": request,
                "url": reverse("approve", args=[request.pk]),
                "again": fallen,
                "changed": changed.lines,
                "more": changed.more,
                "instead_of": case.instead_of(stage, person),
                "rows": _rows(case, stage),
                **more,
            },
        )
    )


def _rows(case: Case, stage: Stage) -> list[tuple[str, str]]:
    others = [other.name for other in case.stages if other.pk != stage.pk]
    rows = [
        ("What ships", ", ".join(feature.name for feature in case.release.features.all())),
        ("Build", ", ".join(f"{one.product} {one.build}" for one in case.candidates)),
        *((fact.term, fact.words) for fact in facts(case.parts) if fact.term == WHOM),
        ("Way back", case.release.way_back),
        ("Others", f"{' and '.join(others)} sign{'s' if len(others) == 1 else ''} too" if others else ""),
    ]
    return [(term, what) for term, what in rows if what]


def seal_of(case: Case) -> Seal:
    """The stored seal of what the release is now, words included."""
    parts, content = as_stored(case)
    found, _ = Seal.objects.get_or_create(
        release=case.release, content_digest=content, defaults={"digest": case.digest, "parts": parts}
    )
    return found


def as_stored(case: Case) -> tuple[dict[str, dict[str, object]], str]:
    """The parts as a seal keeps them, and the SHA-256 of all of them, words included."""
    parts = {part.name: {"title": part.title, "digest": part.digest, "content": part.content} for part in case.parts}
    return parts, hashlib.sha256(canonical(parts)).hexdigest()


def lock(release: Release) -> Release:
    """The product's facts held still and the release row held. Raises Conflict on a finished release."""
    locks.bounded()
    locks.product_shared(release.product_id)
    rows = Release.objects.select_for_update(of=("self",)).select_related("product", "manager")
    held = rows.get(pk=release.pk)
    if ReleaseStatus(held.status).is_finished:
        raise Conflict(f"{held} is {held.get_status_display().lower()}; nothing about it can be decided any more.")
    return held
