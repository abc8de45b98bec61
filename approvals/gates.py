"""This room's gates: the checklist, and one for each stage that has to sign."""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from approvals import checklist as lists
from approvals import rules
from approvals.case import Case
from approvals.choices import Verdict
from approvals.models import Remark, Stage
from core.models import User
from releases.gates import Gate, GateState, OnClose, Question

OPEN, WAITING, BLOCKED = GateState.OPEN, GateState.WAITING, GateState.BLOCKED


def checklist(question: Question) -> list[Gate]:
    """Every item is ticked, by a person or by CI's newest check of the builds asked about."""
    items = lists.items(question.release, question.digests)
    url = reverse("release", args=[question.release.pk]) + "#checklist"
    state, sentence, who, since = lists.verdict(items)
    act = "View" if state is OPEN else "Tick"
    return [
        Gate(key="checklist", name="Checklist", state=state, sentence=sentence, who=who, since=since, url=url, act=act)
    ]


def signoff(question: Question) -> list[Gate]:
    """One gate per stage; and, once a rollout pinned a seal, that the release still is what was sealed."""
    case = Case(question.release)
    url = reverse("release", args=[question.release.pk])
    if not case.stages:
        sentence = f"No policy says who signs for {question.release.product}."
        return [Gate(key="signoff", name="Sign-off", state=BLOCKED, sentence=sentence, url=url, who="an owner")]
    gates = [_stage(case, stage) for stage in case.stages]
    if question.seal is not None and question.seal != case.digest:
        gates.append(
            Gate(
                key="signoff:seal",
                name="Approval digest",
                state=BLOCKED,
                sentence="The release is no longer what was signed when the rollout began.",
                who=str(question.release.manager),
                url=url,
                on_close=OnClose.PAUSE,
            )
        )
    return gates


def _stage(case: Case, stage: Stage) -> Gate:
    request, standing = case.requests.get(stage.pk), case.standing(stage)
    state, sentence, who = _words(case, stage, standing, case.signers(stage))
    since = _since(standing, request.asked_at if request else None)
    address = (
        reverse("approve", args=[request.pk]) if request else reverse("release", args=[case.release.pk]) + "#signoff"
    )
    act = "View" if state is OPEN or (case.requests and not request) else ("Read" if request else "Ask")
    open_questions = case.unanswered(stage) if state is WAITING else []
    if open_questions:
        sentence, who, act = f"{sentence} {_asked(open_questions)}", str(case.release.manager), "Answer"
        address += f"#question-{open_questions[0].pk}"
    return Gate(
        key=f"signoff:{stage.pk}",
        name=f"Sign-off: {stage.name}",
        state=state,
        sentence=sentence,
        who=who,
        since=since,
        url=address,
        act=act,
        on_close=OnClose.PAUSE,
    )


def _words(case: Case, stage: Stage, standing: rules.Standing, signers: Sequence[User]) -> tuple[GateState, str, str]:
    """State, sentence, and whom it waits for or who opened it."""
    if standing.refused:
        first = standing.refused[0]
        return BLOCKED, f"Refused: “{first.reason or 'the reason was erased'}”.", first.name
    if standing.is_granted:
        names = _names([one.signature for one in standing.granted])
        conditions = [one.reason for one in standing.granted if one.verdict == Verdict.CONDITION]
        if conditions:
            return OPEN, f"Approved, if {'; and if '.join(one.rstrip('.') for one in conditions)}.", names
        return OPEN, "Approved what is to ship now.", names
    people = _names([str(user) for user in signers])
    if len(signers) < standing.missing:
        return BLOCKED, _too_few(stage, standing, len(signers)), f"an owner of {case.release.product}"
    if stage.pk not in case.requests:
        earlier = [one.stage.name for one in case.standings if one.stage.order < stage.order and not one.is_granted]
        sentence = f"Asked once {_names(earlier)} signed." if case.requests and earlier else "Not asked yet."
        return WAITING, sentence, people if case.requests else str(case.release.manager)
    if standing.void:
        titles = {part.name: part.title.lower() for part in case.parts}
        what = _names([titles.get(name, name.replace("_", " ")) for name in standing.void[0].changed])
        return WAITING, f"{standing.void[0].signed.name} signed, but changed since: {what}.", people
    if standing.revoked and not standing.granted:
        return WAITING, f"{standing.revoked[-1].name} took the signature back.", people
    lost = [str(user) for user in signers if user.pk in case.unreachable]
    also = f" No mail reaches {_names(lost)}." if lost else ""
    if standing.stage.quorum > 1:
        return WAITING, f"{len(standing.granted)} of {standing.stage.quorum} signatures.{also}", people
    return WAITING, f"Not signed yet.{also}", people


def _asked(questions: Sequence[Remark]) -> str:
    """``One question of Ines Duarte is unanswered.``"""
    people = _names(list(dict.fromkeys(str(one.person) for one in questions)))
    count = "One question" if len(questions) == 1 else f"{len(questions)} questions"
    return f"{count} of {people} {'is' if len(questions) == 1 else 'are'} unanswered."


def _too_few(stage: Stage, standing: rules.Standing, left: int) -> str:
    more = "another signature is" if standing.missing == 1 else f"{standing.missing} more signatures are"
    able = "nobody" if left == 0 else f"only {left}"
    return f"Blocked for good: {more} needed, and {able} in {stage.team} may sign this release."


def _since(standing: rules.Standing, asked: datetime | None) -> datetime | None:
    """Since when the gate is as it is: the last word that made it so, else when the stage was asked."""
    if standing.refused:
        return standing.refused[0].at
    if standing.is_granted:
        return standing.granted[-1].at
    return asked


def _names(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
