"""Reminding those whom a release waits for, by whoever manages it."""

from datetime import timedelta

from django.db import transaction

from approvals.actions.submitting import invite, lock
from approvals.case import Case
from approvals.models import SignoffRequest
from core import audit, clock
from core.access import require
from core.choices import RoleKind
from core.errors import Conflict
from core.models import OutboxMessage, User
from releases.models import Release

BETWEEN = timedelta(days=1)
"""How long nobody is reminded of the same request again."""


@transaction.atomic
def remind(*, release: Release, actor: User) -> list[User]:
    """Mail everybody an asked stage still waits for; returns whom. Raises Forbidden unless `actor` runs releases of the
    product, Conflict where nobody is left to remind.
    """
    case = Case(lock(release))
    require(actor, case.release.product, RoleKind.RELEASE_MANAGER)
    due = waiting(case)
    if not due:
        raise Conflict("Nobody to remind: whoever is asked has decided, asked something, or was reminded within a day.")
    count = OutboxMessage.objects.filter(kind="signoff_reminder", subject_key=case.release.subject).count()
    for request, person in due:
        dedupe = f"reminder:{request.pk}:{count}"
        invite(case, request, person, kind="signoff_reminder", dedupe=dedupe, actor=actor)
    for request in {request.pk: request for request, _ in due}.values():
        audit.record(
            stream=case.release.subject,
            actor=actor,
            action="signoff_reminded",
            subject=f"signoff:{request.pk}",
            data={"stage": request.stage.name, "stage_id": request.stage_id},
        )
    return [person for _, person in due]


def waiting(case: Case) -> list[tuple[SignoffRequest, User]]:
    """Whom a reminder would reach: asked, able to sign, not waiting for an answer, not reminded within a day."""
    recent = OutboxMessage.objects.filter(
        kind="signoff_reminder", subject_key=case.release.subject, created_at__gt=clock.now() - BETWEEN
    )
    reminded = {(dedupe.split(":")[1], person) for dedupe, person in recent.values_list("dedupe", "recipient_id")}
    found = []
    for stage in case.stages:
        request, standing = case.requests.get(stage.pk), case.standing(stage)
        if request is None or standing.is_granted or standing.refused:
            continue
        asking = {one.person_id for one in case.unanswered(stage)}
        found += [
            (request, person)
            for person in case.signers(stage)
            if person.pk not in asking and (str(request.pk), person.pk) not in reminded
        ]
    return found
