"""Findings: raised, and moved on."""

from django.db import transaction

from core import audit
from core.access import require
from core.errors import Forbidden, Refused
from core.models import User
from core.rows import is_one_line
from releases.models import Build, Release
from validation.actions.common import EVERYBODY_AT_WORK, locked, salted
from validation.choices import FindingVerb, Severity
from validation.models import Finding, FindingEvent, FindingNote, Scenario
from validation.moves import Mover


@transaction.atomic
def raise_finding(
    *,
    release: Release,
    build: Build,
    title: str,
    severity: str,
    actor: User,
    scenario: Scenario | None = None,
    step: int | None = None,
) -> Finding:
    """A defect that somebody saw outside of a scenario, or in one, at a step. Raises Refused naming the field."""
    release = locked(release)
    require(actor, release.product, *EVERYBODY_AT_WORK)
    if scenario and scenario.release_id != release.pk:
        raise Refused("That scenario belongs to another release.", field="scenario")
    if step is not None and not (scenario and 1 <= step <= len(scenario.steps)):
        raise Refused("The scenario has no such step.", field="step")
    if not release.candidates.filter(product=build.product_id).exists():
        raise Refused("That build is not of a product of this release.", field="build")
    if not title.strip():
        raise Refused("A finding needs a title.", field="title")
    if len(title.strip()) > 160 or not is_one_line(title.strip()):
        raise Refused("A finding's title has at most 160 characters, all of them readable.", field="title")
    if severity not in Severity.values:
        raise Refused("A finding is blocking or minor.", field="severity")
    finding = Finding.objects.create(
        release=release, scenario=scenario, step=step, build=build, title=title.strip(), severity=severity
    )
    FindingEvent.objects.create(finding=finding, verb=FindingVerb.RAISED, by=actor)
    _record(finding, release, actor, "finding_raised", build=build.version)
    return finding


@transaction.atomic
def move_finding(*, finding: Finding, verb: str, actor: User, reason: str = "") -> FindingEvent:
    """Accept it, say it is fixed, or open it again; who may is `rules.may_not_move`, and some moves need a reason.

    Raises Refused naming the field, Forbidden.
    """
    release = locked(finding.release)
    finding = Finding.objects.with_standing().get(pk=finding.pk)
    if verb not in FindingVerb.values:
        raise Refused("A finding is accepted, fixed or opened again.", field="verb")
    require(actor, release.product, *EVERYBODY_AT_WORK)
    no = Mover.of(actor, release).may_not(finding, FindingVerb(verb))
    if no:
        raise Forbidden(no, field="verb")
    if FindingVerb(verb).needs_reason and not reason.strip():
        raise Refused("Say why: whoever reads this later has only your reason.", field="reason")
    salt, note_hash = salted(reason.strip())
    event = FindingEvent.objects.create(finding=finding, verb=verb, by=actor, note_hash=note_hash)
    if note_hash:
        FindingNote.objects.create(event=event, salt=salt, text=reason.strip())
    _record(finding, release, actor, f"finding_{verb}", reason=reason.strip())
    return event


def _record(finding: Finding, release: Release, actor: User, action: str, *, build: str = "", reason: str = "") -> None:
    audit.record(
        stream=release.subject,
        actor=actor,
        action=action,
        subject=f"finding:{finding.pk}",
        data={"finding_id": finding.pk, "severity": finding.severity, **({"build": build} if build else {})},
        texts={"finding": finding.title, "reason": reason},
    )
