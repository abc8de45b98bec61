"""A signer's question to whoever manages the release, and its answer. Neither decides anything."""

import secrets

from django.db import transaction
from django.urls import reverse

from approvals.actions.submitting import lock
from approvals.case import Case
from approvals.models import Remark, RemarkText, SignoffRequest
from core import audit, notify
from core.access import require
from core.audit import text_hash
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import User

LONGEST = 2000


@transaction.atomic
def ask(*, request: SignoffRequest, person: User, text: str) -> Remark:
    """Ask the release's manager something before deciding. Raises Refused for no words, Forbidden for who may not sign
    this, Conflict for the same question while it is unanswered.
    """
    text = _words(text, "Say what you want to know.")
    case = Case(lock(request.release))
    request = case.requests[request.stage_id]
    no = case.may_not_sign(request.stage, person)
    if no:
        raise Forbidden(no)
    if any(one.person_id == person.pk and said(one) == text for one in case.unanswered(request.stage)):
        raise Conflict("You asked that already; it waits for its answer.", field="question")
    return _say(case, request, person, text)


@transaction.atomic
def answer(*, question: Remark, actor: User, text: str) -> Remark:
    """Answer a signer's question. Raises Refused for no words, Forbidden for who does not run releases of the product,
    Conflict where it is answered already.
    """
    text = _words(text, "Say what the answer is.")
    case = Case(lock(question.request.release))
    require(actor, case.release.product, RoleKind.RELEASE_MANAGER)
    question = next(one for one in case.questions if one.pk == question.pk)
    if hasattr(question, "answer"):
        raise Conflict(f"{question.answer.person} answered that already.", field="answer")
    return _say(case, case.requests[question.request.stage_id], actor, text, question)


def said(remark: Remark) -> str:
    """Its words, or nothing where they were erased."""
    row = getattr(remark, "words", None)
    return row.text if row else ""


def _words(text: str, missing: str) -> str:
    text = text.strip()
    if not text:
        raise Refused(missing, field="text")
    if len(text) > LONGEST:
        raise Refused(f"At most {LONGEST} characters, please; this has {len(text)}.", field="text")
    return text


def _say(case: Case, request: SignoffRequest, person: User, text: str, question: Remark | None = None) -> Remark:
    salt = secrets.token_hex(16)
    remark = Remark.objects.create(request=request, person=person, question=question, text_hash=text_hash(salt, text))
    RemarkText.objects.create(remark=remark, salt=salt, text=text)
    kind, stage = "answer" if question else "question", request.stage
    audit.record(
        stream=case.release.subject,
        actor=person,
        action=f"signoff_{kind}",
        subject=f"signoff:{request.pk}",
        data={"remark_id": remark.pk, "stage": stage.name, "stage_id": stage.pk},
        texts={kind: text},
    )
    about = case.release.name
    notify.tell(
        recipients=[question.person] if question else {case.release.manager, request.asked_by},
        kind=f"signoff_{kind}",
        subject_key=case.release.subject,
        dedupe=f"remark:{remark.pk}",
        subject=f"{person} {'answers' if question else 'asks'} about {about}",
        context={
            "release": case.release,
            "stage": stage,
            "asker": question.person if question else person,
            "actor": person,
            "text": text,
            "question": said(question) if question else "",
            "url": reverse("approve", args=[request.pk]) + f"#question-{question.pk if question else remark.pk}",
        },
    )
    return remark
