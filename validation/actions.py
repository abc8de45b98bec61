"""What testers do. Whatever may close or open the staging gate locks the release row first."""

import secrets

from django.db import transaction

from core import audit, clock, locks
from core.access import require
from core.audit import text_hash
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import Environment, User
from releases.choices import ReleaseStatus
from releases.models import Build, Deployment, Feature, Release
from validation.choices import FindingVerb, ResultStatus, Severity
from validation.gates import candidates_of, digests_of
from validation.models import Finding, FindingEvent, Result, ResultNote, Run, Scenario
from validation.moves import may_not


@transaction.atomic
def write_scenario(
    *, release: Release, title: str, steps: object, actor: User, feature: Feature | None = None
) -> Scenario:
    """Add a scenario; each step is ``{"do": …, "expect": …}``. Raises Refused naming `title` or `steps`."""
    release = _lock(release)
    require(actor, release.product, RoleKind.RELEASE_MANAGER, RoleKind.TESTER)
    if not title.strip():
        raise Refused("A scenario needs a title.", field="title")
    if len(title.strip()) > 160:
        raise Refused("A scenario's title has at most 160 characters.", field="title")
    if release.scenarios.filter(title=title.strip()).exists():
        raise Conflict("This release has a scenario of that title.", field="title")
    if feature and feature.release_id != release.pk:
        raise Refused("That feature belongs to another release.", field="feature")
    scenario = Scenario.objects.create(
        release=release,
        feature=feature,
        title=title.strip(),
        steps=_steps(steps),
        order=release.scenarios.count(),
    )
    audit.record(
        stream=release.subject,
        actor=actor,
        action="scenario_written",
        subject=f"scenario:{scenario.pk}",
        texts={"scenario": scenario.title},
    )
    return scenario


@transaction.atomic
def start_run(*, release: Release, environment: Environment, tester: User) -> Run:
    """One sitting on the candidate build, where it runs by record. An open run on it is taken up again.

    Raises Refused for production, for a missing candidate, and where another build is deployed.
    """
    release = _lock(release)
    require(tester, release.product, RoleKind.TESTER)
    if environment.is_production:
        raise Refused("Testers try a release before production, not in it.", field="environment")
    candidates = list(candidates_of(release))
    build = next((one.build for one in candidates if one.product_id == environment.product_id), None)
    if build is None:
        raise Refused(f"There is no candidate build of {environment.product} to test yet.", field="environment")
    if not _runs_in(build, environment):
        raise Refused(f"{build} is not deployed in {environment}, as far as is recorded.", field="environment")
    digests = {str(product): digest for product, digest in digests_of(candidates).items()}
    mine = Run.objects.filter(release=release, tester=tester, finished_at=None)
    current = mine.filter(build=build, environment=environment, digests=digests).first()
    if current:
        mine.exclude(pk=current.pk).update(finished_at=clock.now())
        return current
    mine.update(finished_at=clock.now())
    run = Run.objects.create(release=release, build=build, environment=environment, tester=tester, digests=digests)
    _tell(release, tester, "run_started", f"run:{run.pk}", build=build.version, environment=environment.name)
    return run


@transaction.atomic
def submit_result(
    *, run: Run, scenario: Scenario, status: str, actor: User, note: str = "", finding: str = "", severity: str = ""
) -> Result:
    """Record what came out of `scenario`; a tester who errs submits again, and the newest counts. `finding` is the
    title of a defect to raise with a fail, `severity` its weight.

    Raises Refused naming the field; Conflict where the candidate changed since the run began.
    """
    release = _lock(run.release)
    run = Run.objects.select_related("build").get(pk=run.pk)
    _may_record(run, release, actor)
    if status not in ResultStatus.values:
        raise Refused("A result is pass, fail or blocked.", field="status")
    if scenario.release_id != release.pk:
        raise Refused("That scenario belongs to another release.", field="scenario")
    if status != ResultStatus.PASS and not note.strip():
        raise Refused("Say what you saw: a fail or a blocked scenario needs a note.", field="note")
    if finding and status != ResultStatus.FAIL:
        raise Refused("A finding comes with a fail.", field="finding")
    salt = secrets.token_hex(16)
    result = Result.objects.create(
        run=run, scenario=scenario, status=status, note_hash=text_hash(salt, note.strip()) if note.strip() else ""
    )
    if note.strip():
        ResultNote.objects.create(result=result, salt=salt, text=note.strip())
    found = _raise(release, scenario, run.build, finding, severity, actor) if finding else None
    audit.record(
        stream=release.subject,
        actor=actor,
        action="result_submitted",
        subject=f"result:{result.pk}",
        data={
            "scenario_id": scenario.pk,
            "status": status,
            "word": ResultStatus(status).past,
            "build": run.build.version,
            **({"finding_id": found.pk} if found else {}),
        },
        texts={"scenario": scenario.title, "note": note.strip(), "finding": finding.strip()},
    )
    return result


@transaction.atomic
def finish_run(*, run: Run, actor: User) -> Run:
    """End the sitting. Idempotent."""
    release = _lock(run.release)
    run = Run.objects.select_related("build").get(pk=run.pk)
    if run.tester_id != actor.pk:
        raise Forbidden("A run is finished by who began it.")
    if run.finished_at is None:
        run.finished_at = clock.now()
        run.save(update_fields=["finished_at"])
        _tell(release, actor, "run_finished", f"run:{run.pk}", build=run.build.version)
    return run


@transaction.atomic
def raise_finding(
    *, release: Release, build: Build, title: str, severity: str, actor: User, scenario: Scenario | None = None
) -> Finding:
    """A defect that somebody saw outside of a scenario, or in one. Raises Refused naming the field."""
    release = _lock(release)
    require(actor, release.product, *(kind for kind in RoleKind if kind != RoleKind.VIEWER))
    if scenario and scenario.release_id != release.pk:
        raise Refused("That scenario belongs to another release.", field="scenario")
    if not release.candidates.filter(product=build.product_id).exists():
        raise Refused("That build is not of a product of this release.", field="build")
    finding = _raise(release, scenario, build, title, severity, actor)
    audit.record(
        stream=release.subject,
        actor=actor,
        action="finding_raised",
        subject=f"finding:{finding.pk}",
        data={"finding_id": finding.pk, "severity": severity, "build": build.version},
        texts={"finding": finding.title},
    )
    return finding


@transaction.atomic
def move_finding(*, finding: Finding, verb: str, actor: User) -> FindingEvent:
    """Accept it, say it is fixed, or open it again; who may is `rules.may_not_move`."""
    release = _lock(finding.release)
    finding = Finding.objects.with_standing().get(pk=finding.pk)
    if verb not in FindingVerb.values:
        raise Refused("A finding is accepted, fixed or opened again.", field="verb")
    require(actor, release.product, *(kind for kind in RoleKind if kind != RoleKind.VIEWER))
    no = may_not(finding, FindingVerb(verb), actor, release.product)
    if no:
        raise Forbidden(no, field="verb")
    event = FindingEvent.objects.create(finding=finding, verb=verb, by=actor)
    audit.record(
        stream=release.subject,
        actor=actor,
        action=f"finding_{verb}",
        subject=f"finding:{finding.pk}",
        data={"finding_id": finding.pk, "severity": finding.severity},
        texts={"finding": finding.title},
    )
    return event


def _lock(release: Release) -> Release:
    """The release row, held: growth waits for us or we for it. Raises Conflict on a finished release."""
    locks.bounded()
    held = Release.objects.select_for_update(of=("self",)).select_related("product").get(pk=release.pk)
    if ReleaseStatus(held.status).is_finished:
        raise Conflict(f"{held} is {held.get_status_display().lower()}; nothing can be tested in it any more.")
    return held


def _steps(given: object) -> list[dict[str, str]]:
    """As they are kept. Raises Refused for anything but a list of ``{"do": …, "expect": …}``, which may be empty."""
    kept = []
    for step in given if isinstance(given, list) else [None]:
        step = {"expect": "", **step} if isinstance(step, dict) else {}
        do, expect = step.get("do"), step.get("expect")
        if not (isinstance(do, str) and isinstance(expect, str) and do.strip()):
            raise Refused('Steps are a list of {"do": …, "expect": …}, and each says what to do.', field="steps")
        kept.append({"do": do.strip(), "expect": expect.strip()})
    return kept


def _runs_in(build: Build, environment: Environment) -> bool:
    """Whether the newest deployment of some slot of the environment put exactly this build there."""
    newest = Deployment.objects.filter(environment=environment).order_by("slot_id", "-deployed_at", "-id")
    return build.pk in newest.distinct("slot_id").values_list("build_id", flat=True)


def _may_record(run: Run, release: Release, actor: User) -> None:
    require(actor, release.product, RoleKind.TESTER)
    if run.tester_id != actor.pk:
        raise Forbidden("Results are submitted by who began the run.")
    if run.finished_at is not None:
        raise Conflict("This run is finished; begin a new one.")
    now = {str(product): digest for product, digest in digests_of(list(candidates_of(release))).items()}
    if run.digests != now:
        raise Conflict(f"The candidate changed since you began on {run.build}; begin a new run.")


def _raise(
    release: Release, scenario: Scenario | None, build: Build, title: str, severity: str, actor: User
) -> Finding:
    if not title.strip():
        raise Refused("A finding needs a title.", field="finding")
    if len(title.strip()) > 160:
        raise Refused("A finding's title has at most 160 characters.", field="finding")
    if severity not in Severity.values:
        raise Refused("A finding is blocking or minor.", field="severity")
    finding = Finding.objects.create(
        release=release, scenario=scenario, build=build, title=title.strip(), severity=severity
    )
    FindingEvent.objects.create(finding=finding, verb=FindingVerb.RAISED, by=actor)
    return finding


def _tell(release: Release, actor: User, action: str, subject: str, **data: str) -> None:
    audit.record(stream=release.subject, actor=actor, action=action, subject=subject, data=data)
