"""Deciding: one person, one stage, exactly what was read."""

import secrets

from django.db import transaction
from django.urls import reverse

from approvals.actions.submitting import ask_next, lock, seal_of
from approvals.case import Case
from approvals.choices import Verdict
from approvals.models import Decision, DecisionReason, SignoffRequest
from core import audit, notify
from core.audit import text_hash
from core.errors import Conflict, Forbidden, Refused
from core.models import User


@transaction.atomic
def decide(*, request: SignoffRequest, person: User, verdict: str, seal_digest: str, reason: str = "") -> Decision:
    """Record a signed yes or no. `seal_digest` is the seal that the person read.

    Raises Refused naming the field, Forbidden for who may not sign (P5), Conflict if the release changed meanwhile. The
    same decision about the same seal, sent twice, is one decision.
    """
    reason = reason.strip()
    _well_formed(verdict, reason)
    release = lock(request.release)
    case = Case(release)
    request = case.requests[request.stage_id]
    mine = case.newest(request, person)
    _allowed(case, request, person, Verdict(verdict), seal_digest, mine)
    seal = seal_of(case)
    if mine and mine.verdict == verdict and mine.seal.digest == seal.digest and _reason(mine) == reason:
        return mine
    salt = secrets.token_hex(16)
    decision = Decision.objects.create(
        request=request,
        person=person,
        verdict=verdict,
        seal=seal,
        instead_of=case.instead_of(request.stage, person),
        reason_hash=text_hash(salt, reason) if reason else "",
    )
    if reason:
        DecisionReason.objects.create(decision=decision, salt=salt, text=reason)
    audit.record(
        stream=release.subject,
        actor=person,
        action=f"signoff_{verdict}",
        subject=f"signoff:{request.pk}",
        data={
            "decision_id": decision.pk,
            "stage": request.stage.name,
            "stage_id": request.stage_id,
            "seal": seal.digest,
            "builds": ", ".join(one.build.version for one in case.candidates if one.build),
            **({"instead_of": decision.instead_of_id} if decision.instead_of_id else {}),
        },
        texts={"reason": reason},
    )
    _go_on(Case(release), request, decision, reason)
    return decision


def _allowed(
    case: Case, request: SignoffRequest, person: User, verdict: Verdict, seal_digest: str, mine: Decision | None
) -> None:
    """Raises Forbidden or Conflict. Taking one's signature back needs neither a team nor a page that is up to date."""
    if verdict == Verdict.REVOKE:
        if mine is None or not Verdict(mine.verdict).grants:
            raise Conflict("There is no signature of yours here to take back.")
        if not person.is_active:
            raise Forbidden("This account is no longer active.")
    else:
        no = case.may_not_sign(request.stage, person)
        if no:
            raise Forbidden(no)
        if seal_digest != case.digest:
            raise Conflict("It changed while you read. Nothing was signed; read what changed, and decide again.")


def _well_formed(verdict: str, reason: str) -> None:
    if verdict not in Verdict.values:
        raise Refused("Choose one: approve, approve with a condition, or refuse.", field="verdict")
    needed = {
        Verdict.CONDITION: "Say the condition under which you approve.",
        Verdict.REFUSE: "Say why you refuse.",
        Verdict.REVOKE: "Say why you take your signature back.",
    }
    if verdict in needed and not reason:
        raise Refused(needed[Verdict(verdict)], field="reason")


def _reason(decision: Decision) -> str:
    row = getattr(decision, "reason", None)
    return row.text if row else ""


def _go_on(case: Case, request: SignoffRequest, decision: Decision, reason: str) -> None:
    """Ask the next stages if this one is complete, and tell the release's manager what was decided."""
    if case.standing(request.stage).is_granted:
        ask_next(case, request.asked_by)
    verdict = Verdict(decision.verdict)
    everything = all(one.is_granted for one in case.standings)
    if verdict == Verdict.APPROVE and not everything:
        return
    notify.tell(
        recipients={case.release.manager, request.asked_by},
        kind="decision",
        subject_key=case.release.subject,
        dedupe=f"decision:{decision.pk}",
        subject=f"{case.release.name}: {request.stage.name} {verdict.label}",
        context={
            "release": case.release,
            "stage": request.stage,
            "decision": decision,
            "verdict": verdict,
            "reason": reason,
            "everything": everything,
            "url": reverse("release", args=[case.release.pk]),
        },
    )
