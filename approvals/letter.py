"""What the approval page shows: what is signed, what changed, and who else decides."""

from dataclasses import dataclass, replace
from typing import Any

from approvals import diff
from approvals.case import Case
from approvals.choices import Verdict
from approvals.models import Decision, SignoffRequest, Stage
from approvals.reading import facts, leaves, steps
from core import clock
from core.models import User
from core.words import moment
from releases.choices import CheckStatus, ReleaseStatus
from releases.models import Check
from validation import gates as tests
from validation.choices import FindingVerb


@dataclass(frozen=True, kw_only=True)
class Row:
    """One person (or team) and where their signature stands."""

    name: str
    initials: str
    tone: str
    icon: str
    word: str
    small: str = ""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One part that is not what it was. `wording` only: cosmetic, the signature stands."""

    title: str
    lines: list[diff.Change]
    more: int
    wording: bool


def letter(asked: SignoffRequest, person: User) -> dict[str, Any]:
    """The whole page for one reader. Reads only."""
    case = Case(asked.release)
    stage, standing = asked.stage, case.standing(asked.stage)
    mine = case.newest(asked, person)
    counts = any(one.person == person.pk for one in standing.granted)
    finished = ReleaseStatus(asked.release.status).is_finished
    changed, same = _changes(case, mine) if mine else ([], [])
    no = "" if finished else case.may_not_sign(stage, person)
    return {
        "asked": asked,
        "release": asked.release,
        "stage": stage,
        "standing": standing,
        "mine": mine,
        "counts": counts,
        "fell": any(void.signed.person == person.pk for void in standing.void),
        "finished": finished,
        "may_not": no,
        "may_decide": not finished and not no and not counts,
        "may_revoke": counts and not finished,
        "late": asked.due_at < clock.now() and not standing.is_granted,
        "together": [one.name for one in case.stages if one.order == stage.order and one.pk != stage.pk],
        "changed": changed,
        "same": same,
        "facts": facts(case.parts),
        "steps": steps(case.parts),
        "tests": tests.ask(asked.release),
        "checks": _checks(case),
        "findings": [one for one in tests.defects(asked.release) if one.verb != FindingVerb.FIXED],
        "fixed": sum(one.verb == FindingVerb.FIXED for one in tests.defects(asked.release)),
        "builds": ", ".join(str(one.build) for one in case.candidates if one.build),
        "others": [row for one in case.stages for row in rows(case, one, person)],
        "digest": case.digest,
        "parts": case.parts,
        "leaves": [(part, leaves(part)) for part in case.parts],
    }


def rows(case: Case, stage: Stage, reader: User) -> list[Row]:
    """Everybody who decided for this stage or still may, one row each."""
    standing, found, seen = case.standing(stage), [], set()
    people = {decision.person_id: decision.person for decision in case.decisions}
    said = [
        *((one, "good", "open", "approved") for one in standing.granted),
        *((one, "bad", "blocked", "refused") for one in standing.refused),
        *((one.signed, "none", "todo", "void") for one in standing.void),
        *((one, "wait", "back", "taken back") for one in standing.revoked),
        *((one, "none", "todo", "does not count") for one in (*standing.elsewhere, *standing.own)),
    ]
    for signed, tone, icon, word in said:
        seen.add(signed.person)
        word = "approved, if" if signed.verdict == Verdict.CONDITION and word == "approved" else word
        small = f"{signed.reason + ', ' if signed.reason else ''}{moment(signed.at)}"
        found.append(_row(people[signed.person], stage, reader, tone, icon, word, small))
    if not standing.is_granted:
        asked = stage.pk in case.requests
        for user in case.signers(stage):
            if user.pk not in seen:
                tone, icon, word = ("wait", "waiting", "waiting") if asked else ("none", "todo", "not asked")
                found.append(_row(user, stage, reader, tone, icon, word, ""))
        if not found:
            missing = Row(name=f"Nobody, {stage}", initials="–", tone="bad", icon="blocked", word="missing")
            found.append(missing)
    return found


def _row(user: User, stage: Stage, reader: User, tone: str, icon: str, word: str, small: str) -> Row:
    name = "You" if user.pk == reader.pk else str(user)
    return Row(name=f"{name}, {stage}", initials=user.initials, tone=tone, icon=icon, word=word, small=small)


def _changes(case: Case, mine: Decision) -> tuple[list[Changed], list[str]]:
    """What differs from what this person signed, and the titles of what does not."""
    found, same = [], []
    for part in case.parts:
        before = mine.seal.parts.get(part.name, {"digest": "", "content": None})
        if before["content"] == part.content:
            same.append(part.title.lower())
            continue
        lines = [_plain(change, part.title) for change in diff.changes(before["content"], part.content)]
        wording = before["digest"] == part.digest
        found.append(Changed(title=part.title, lines=lines[:6], more=max(0, len(lines) - 6), wording=wording))
    return found, same


def _plain(change: diff.Change, title: str) -> diff.Change:
    """Without a name that only repeats the part's title."""
    return replace(change, what="") if change.what == title.lower() else change


def _checks(case: Case) -> list[dict[str, str]]:
    """The newest check of each kind on each candidate build."""
    builds = [one.build_id for one in case.candidates if one.build_id]
    newest = Check.objects.filter(build__in=builds).order_by("build_id", "kind", "-reported_at", "-id")
    return [
        {
            "name": check.get_kind_display(),
            "tone": "good" if check.status == CheckStatus.PASS else "bad",
            "icon": "open" if check.status == CheckStatus.PASS else "fail",
            "word": check.summary or check.status,
        }
        for check in newest.distinct("build_id", "kind")
    ]
