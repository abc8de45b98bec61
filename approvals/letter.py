"""What the approval page shows: what is signed, what changed, and who else decides."""

from typing import Any

from approvals.case import Case
from approvals.models import Decision, Seal, SignoffRequest
from approvals.people import rows
from approvals.reading import facts, gist, leaves, steps
from approvals.since import Since, since
from approvals.standpoint import Facts, standpoint
from core import clock
from core.choices import RoleKind
from core.models import User
from releases.choices import CheckStatus, ReleaseStatus
from releases.models import Check
from validation import gates as tests
from validation.choices import FindingVerb

FITS = 24
"""How long a check's summary may be to stand beside its name."""


def letter(asked: SignoffRequest, person: User, read: str = "") -> dict[str, Any]:
    """The whole page for one reader, who has `read` that digest on a page that is out of date. Reads only."""
    case = Case(asked.release)
    stage, mine = asked.stage, case.newest(asked, person)
    finished = ReleaseStatus(asked.release.status).is_finished
    findings = tests.defects(asked.release)
    return {
        "asked": asked,
        "release": asked.release,
        "stage": stage,
        "mine": mine,
        "finished": finished,
        **_standing(case, asked, person, finished),
        "late": asked.due_at < clock.now() and not case.standing(stage).is_granted,
        "together": [one.name for one in case.stages if one.order == stage.order and one.pk != stage.pk],
        **_changes(case, mine, read),
        "facts": facts(case.parts),
        "steps": steps(case.parts, done=asked.release.status == ReleaseStatus.COMPLETED),
        "tests": tests.ask(asked.release),
        "checks": _checks(case),
        "findings": [one for one in findings if one.verb != FindingVerb.FIXED],
        "fixed": sum(one.verb == FindingVerb.FIXED for one in findings),
        "builds": ", ".join(str(one.build) for one in case.candidates if one.build),
        "others": [row for one in case.stages for row in rows(case, one, person)],
        "questions": case.questions,
        "may_answer": not finished and person.has_role(asked.release.product, RoleKind.RELEASE_MANAGER),
        "digest": case.digest,
        "parts": case.parts,
        "leaves": [(part, leaves(part)) for part in case.parts],
    }


def _standing(case: Case, asked: SignoffRequest, person: User, finished: bool) -> dict[str, Any]:
    """What this reader is in this request, and what they may do."""
    stage, standing = asked.stage, case.standing(asked.stage)
    no = case.may_not_sign(stage, person)
    counts = any(one.person == person.pk for one in standing.granted)
    may_decide = not finished and not no and not counts
    hands_on = not finished and not case.may_not_hand_on(stage, person)
    handed, instead = case.handed_to(stage, person), case.instead_of(stage, person)
    seen = Facts(
        stage=stage.name,
        status=asked.release.get_status_display(),
        finished=finished,
        counts=counts,
        refused_myself=any(one.person == person.pk for one in standing.refused),
        handed_to=str(handed or ""),
        instead_of=str(instead or ""),
        may_decide=may_decide,
        fell=any(void.signed.person == person.pk for void in standing.void),
        refused=bool(standing.refused),
        granted=standing.is_granted,
    )
    return {
        "at": standpoint(seen),
        "standing": standing,
        "counts": counts,
        "may_not": no,
        "may_decide": may_decide,
        "may_revoke": counts and not finished,
        "may_ask": not finished and not no,
        "handed_to": None if finished else handed,
        "instead_of": instead,
        "delegates": case.delegates(stage) if hands_on else [],
    }


def _changes(case: Case, mine: Decision | None, read: str) -> dict[str, Any]:
    """Since the page was read that is out of date, else since this person decided."""
    stale = Seal.objects.filter(release=case.release, digest=read).order_by("id").last() if read else None
    before = stale or (mine.seal if mine else None)
    found = since(case.parts, before.parts) if before else Since()
    return {
        "since": found,
        "while_reading": stale is not None,
        "signed_builds": gist("candidates", mine.seal.parts["candidates"]["content"]) if mine else "",
    }


def _checks(case: Case) -> list[dict[str, str]]:
    """The newest check of each kind on each candidate build."""
    builds = [one.build_id for one in case.candidates if one.build_id]
    newest = Check.objects.filter(build__in=builds).order_by("build_id", "kind", "-reported_at", "-id")
    return [
        {
            "name": check.get_kind_display(),
            "tone": "good" if check.status == CheckStatus.PASS else "bad",
            "icon": "open" if check.status == CheckStatus.PASS else "fail",
            "word": check.summary if 0 < len(check.summary) <= FITS else CheckStatus(check.status).label,
            "says": check.summary if len(check.summary) > FITS else "",
        }
        for check in newest.distinct("build_id", "kind")
    ]
