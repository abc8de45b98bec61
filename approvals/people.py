"""Who decides about a release, one row each: what they said, or that they still have to."""

from dataclasses import dataclass

from approvals.case import Case
from approvals.choices import Verdict
from approvals.models import Decision, Stage
from approvals.reading import gist
from core.models import User
from core.words import moment


@dataclass(frozen=True, kw_only=True)
class Row:
    """One person (or team) and where their signature stands."""

    name: str
    initials: str
    tone: str
    icon: str
    word: str
    small: str = ""


def rows(case: Case, stage: Stage, reader: User) -> list[Row]:
    """Everybody who decided for this stage or still may."""
    standing, found, seen = case.standing(stage), [], set()
    decisions = {decision.pk: decision for decision in case.decisions}
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
        decision = decisions[signed.id]
        found.append(_row(decision.person, stage, reader, tone, icon, word, _said(decision, signed.reason)))
    if not standing.is_granted:
        found += _missing(case, stage, reader, seen)
        if not found:
            found = [Row(name=f"Nobody, {stage}", initials="–", tone="bad", icon="blocked", word="missing")]
    return found


def _missing(case: Case, stage: Stage, reader: User, seen: set[int]) -> list[Row]:
    """Those who still may sign, and those who handed their part on."""
    asked, found = stage.pk in case.requests, []
    for user in case.signers(stage):
        if user.pk not in seen:
            tone, icon, word = ("wait", "waiting", "waiting") if asked else ("none", "todo", "not asked")
            instead = case.instead_of(stage, user)
            small = [f"for {instead}"] if instead else []
            small += ["mail could not be delivered"] if user.pk in case.unreachable else []
            found.append(_row(user, stage, reader, tone, icon, word, ", ".join(small)))
    for row in case.delegations[stage.pk].values():
        if row.giver_id not in seen:
            found.append(_row(row.giver, stage, reader, "none", "hand", "handed on", f"to {row.to}"))
    return found


def _said(decision: Decision, reason: str) -> str:
    """``approved 2.0.2 on Tue 17 Nov 15:42 CET, for Bea Okafor: “if …”``"""
    builds = gist("candidates", decision.seal.parts["candidates"]["content"])
    verb = {Verdict.REFUSE: "refused", Verdict.REVOKE: "took it back from"}.get(Verdict(decision.verdict), "approved")
    instead = f", for {decision.instead_of}" if decision.instead_of else ""
    return f"{verb} {builds or 'it'} on {moment(decision.at)}{instead}{f': “{reason}”' if reason else ''}"


def _row(user: User, stage: Stage, reader: User, tone: str, icon: str, word: str, small: str) -> Row:
    name = "You" if user.pk == reader.pk else str(user)
    return Row(name=f"{name}, {stage}", initials=user.initials, tone=tone, icon=icon, word=word, small=small)
