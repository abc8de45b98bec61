"""What happened to one scenario before: its history, its findings, and what changed since somebody passed it."""

from dataclasses import dataclass
from datetime import datetime

from core.models import AuditEntry, User
from core.words import moment
from releases.models import Release
from validation.bench import Row
from validation.choices import FindingVerb, ResultStatus
from validation.models import Finding, Result
from validation.moves import Mover
from validation.sitting import Sitting


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the history; `at` None is now."""

    tone: str
    icon: str
    build: str
    who: str = ""
    text: str
    at: datetime | None = None
    note: str = ""
    finding: Finding | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """A finding, where it stands in words, and what this person may do about it."""

    finding: Finding
    verb: FindingVerb
    word: str
    sub: str
    reason: str
    moves: list[tuple[FindingVerb, str]]

    @property
    def is_closed(self) -> bool:
        return self.word == "closed"


def history(row: Row, sitting: Sitting, found: list[Found]) -> list[Entry]:
    """Newest first; on top the sitting under way, while no result is submitted."""
    entries = [_entry(result, sitting, found) for result in row.all]
    answered = len(sitting.steps) - sitting.left
    if sitting.run and answered and not sitting.submitted:
        text = f"step {min(answered + 1, len(sitting.steps))} of {len(sitting.steps)}"
        entries.insert(0, Entry(tone="live", icon="live", build=str(sitting.run.build), text=text))
    return entries


def _entry(result: Result, sitting: Sitting, found: list[Found]) -> Entry:
    status = ResultStatus(result.status)
    steps = sitting.tried.get(result.run_id, {})
    step = next((number for number, one in sorted(steps.items()) if one == status), None)
    at_step = f" at step {step}" if step and status != ResultStatus.PASS else ""
    raised = [
        one.finding
        for one in found
        if one.finding.build_id == result.run.build_id and one.finding.raiser_id == result.run.tester_id
    ]
    note = getattr(result, "note", None)
    return Entry(
        tone=status.tone,
        icon=status.icon,
        build=str(result.run.build),
        who=str(result.run.tester),
        text=f"{status.past}{at_step}",
        at=result.at,
        note=note.text if note else "",
        finding=raised[0] if raised and status == ResultStatus.FAIL else None,
    )


def findings(release: Release, user: User, listed: list[Row]) -> list[Found]:
    """Every finding of the release, what is open first. Five queries, however many there are."""
    mover = Mover.of(user, release)
    passes = {row.scenario.pk: [one for one in row.all if one.status == ResultStatus.PASS] for row in listed}
    made = [_found(one, mover, passes) for one in Finding.objects.filter(release=release).with_standing()]
    return sorted(made, key=lambda one: (one.is_closed, not one.verb.is_open, -one.finding.pk))


def _found(one: Finding, mover: Mover, passes: dict[int, list[Result]]) -> Found:
    event, verb = one.newest, one.verb
    since = [result for result in passes.get(one.scenario_id or 0, []) if result.at > event.at]
    closed = verb == FindingVerb.FIXED and bool(since)
    note = getattr(event, "note", None)
    return Found(
        finding=one,
        verb=verb,
        word="closed" if closed else verb.label,
        sub=_sub(one, verb, since[-1] if closed else None),
        reason=note.text if note else "",
        moves=mover.moves(one),
    )


def _sub(one: Finding, verb: FindingVerb, again: Result | None) -> str:
    """Who said so and when, and what comes next."""
    step = f", step {one.step}" if one.step else ""
    seen = f"{one.get_severity_display().capitalize()}, found on {one.build}{step}."
    said = f"{one.newest.by}, {moment(one.newest.at, zone=False)}."
    if again:
        return f"{seen} Tried again by {again.run.tester} on {again.run.build}."
    if verb == FindingVerb.FIXED:
        return f"{said} A pass of its scenario closes it." if one.scenario_id else said
    return f"{seen} {said}"


CHANGES = {"feature_added", "feature_changed", "feature_removed", "candidate_replaced", "candidate_set"}


def changes_since(release: Release, row: Row, before: Result) -> list[str]:
    """What is on record since that pass: builds that became the candidate, features of the scope, findings fixed here,
    and the scenario's own text. Nothing is guessed.
    """
    entries = AuditEntry.objects.filter(stream=release.subject, action__in=CHANGES, at__gt=before.at)
    builds, features = list[str](), list[str]()
    for entry in entries.prefetch_related("texts").order_by("seq"):
        if "version" in entry.data:
            builds.append(str(entry.data["version"]))
        else:
            features += [text.text for text in entry.texts.all() if text.field == "feature" and text.text]
    told = []
    if before.version != row.scenario.version:
        told.append("the text of this scenario")
    if builds:
        told.append(f"the candidate, to {', then '.join(builds)}")
    if features:
        told.append(f"the scope: {', '.join(dict.fromkeys(features))}")
    return told
