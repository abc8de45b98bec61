"""Handing one's part in one request to somebody else, and taking it back (docs/decisions: handing a signature on)."""

from django.db import transaction

from approvals.actions.submitting import invite, lock, seal_of
from approvals.case import Case
from approvals.models import Delegation, SignoffRequest, Told
from core import audit
from core.errors import Conflict, Forbidden, Refused
from core.models import User


@transaction.atomic
def delegate(*, request: SignoffRequest, person: User, to: User) -> Delegation:
    """Let `to` decide in `person`'s place. Raises Forbidden for who may not hand this on, Refused naming the field for
    who may not sign it either.
    """
    case = Case(lock(request.release))
    request = case.requests[request.stage_id]
    no = case.may_not_hand_on(request.stage, person)
    if no:
        raise Forbidden(no)
    if to not in case.delegates(request.stage):
        raise Refused(
            f"{to} cannot: choose an approver of {case.release.product} outside {request.stage.team} who has no work"
            " of their own in this release and has not signed it yet.",
            field="to",
        )
    row = Delegation.objects.create(request=request, giver=person, to=to)
    _record(case, request, person, "signoff_delegated", to)
    fresh = Case(case.release)
    if invite(fresh, request, to, kind="signoff", dedupe=f"delegated:{row.pk}"):
        Told.objects.create(request=request, person=to, seal=seal_of(fresh))
    return row


@transaction.atomic
def take_back(*, request: SignoffRequest, person: User) -> Delegation:
    """Decide oneself after all. Raises Conflict where nothing is handed on, or where its new hands decided already."""
    case = Case(lock(request.release))
    request = case.requests[request.stage_id]
    to = case.handed_to(request.stage, person)
    if to is None:
        raise Conflict("Your part is with you already.")
    standing = case.standing(request.stage)
    if any(one.person == to.pk for one in (*standing.granted, *standing.refused)):
        raise Conflict(f"{to} decided already, in your place; only {to} can take that back.")
    row = Delegation.objects.create(request=request, giver=person, to=None)
    _record(case, request, person, "signoff_taken_back", to)
    return row


def _record(case: Case, request: SignoffRequest, actor: User, action: str, to: User) -> None:
    audit.record(
        stream=case.release.subject,
        actor=actor,
        action=action,
        subject=f"signoff:{request.pk}",
        data={"stage": request.stage.name, "stage_id": request.stage_id, "person": to.pk},
    )
