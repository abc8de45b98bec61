"""One sitting: begun, step by step, scenario by scenario, and ended."""

from django.db import transaction

from core import audit, clock
from core.access import require
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import Environment, User
from releases.models import Build, Deployment, Release
from validation import rules
from validation.actions.common import locked, salted
from validation.choices import ResultStatus
from validation.gates import candidates_of, digests_of
from validation.models import Result, ResultNote, Run, Scenario, StepNote, StepResult


@transaction.atomic
def start_run(*, release: Release, environment: Environment, tester: User) -> Run:
    """One sitting on the candidate build, where it runs by record. An open run on it is taken up again.

    Raises Refused for production, for a missing candidate, and where another build is deployed.
    """
    release = locked(release)
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
def submit_step(
    *,
    run: Run,
    scenario: Scenario,
    step: int,
    status: str,
    actor: User,
    note: str = "",
    version: int | None = None,
    conclude: bool = False,
) -> StepResult:
    """Record what came out of one step (counted from 1); who errs submits again, and the newest counts. `version` is
    the wording that was on the screen; with `conclude` the scenario's result is submitted too, as it follows.

    Raises Refused naming the field; Conflict where the build or the wording changed since the run began.
    """
    release = locked(run.release)
    run, scenario = _as_now(run), _scenario(scenario, release)
    _may_record(run, release, actor)
    _as_read(scenario, version)
    if not 1 <= step <= len(scenario.steps):
        raise Refused("This scenario has no such step.", field="step")
    made = StepResult(run=run, scenario=scenario, version=scenario.version, step=step, status=_status(status, note))
    salt, made.note_hash = salted(note.strip())
    made.save()
    if made.note_hash:
        StepNote.objects.create(result=made, salt=salt, text=note.strip())
    if conclude:
        said = rules.conclusion(_said(newest_steps(run, scenario)))
        submit_result(run=run, scenario=scenario, status=said or status, actor=actor)
    return made


@transaction.atomic
def submit_result(
    *, run: Run, scenario: Scenario, status: str, actor: User, note: str = "", version: int | None = None
) -> Result:
    """Record what came out of `scenario`, as it follows from its steps; who errs submits again, and the newest counts.
    Without a note, what was seen at the step that decides is the note. `version` is the wording that was on the screen.

    Raises Refused naming the field; Conflict where the build or the wording changed since the run began.
    """
    release = locked(run.release)
    run, scenario = _as_now(run), _scenario(scenario, release)
    _may_record(run, release, actor)
    _as_read(scenario, version)
    steps = newest_steps(run, scenario)
    said = _said(steps)
    note = note.strip() or next((_seen(one) for one in steps if one and one.status == status), "")
    no = rules.may_not_conclude(_status(status, note), said)
    if no:
        raise Refused(no, field="status")
    salt, note_hash = salted(note)
    result = Result.objects.create(
        run=run, scenario=scenario, version=scenario.version, status=status, note_hash=note_hash
    )
    if note:
        ResultNote.objects.create(result=result, salt=salt, text=note)
    audit.record(
        stream=release.subject,
        actor=actor,
        action="result_submitted",
        subject=f"result:{result.pk}",
        data={
            "scenario_id": scenario.pk,
            "version": scenario.version,
            "status": status,
            "steps": [one and one.value for one in said],
            "word": ResultStatus(status).past,
            "build": run.build.version,
        },
        texts={"scenario": scenario.title, "note": note},
    )
    return result


@transaction.atomic
def finish_run(*, run: Run, actor: User) -> Run:
    """End the sitting. Idempotent."""
    release = locked(run.release)
    run = _as_now(run)
    if run.tester_id != actor.pk:
        raise Forbidden("A run is finished by who began it.")
    if run.finished_at is None:
        run.finished_at = clock.now()
        run.save(update_fields=["finished_at"])
        _tell(release, actor, "run_finished", f"run:{run.pk}", build=run.build.version)
    return run


def newest_steps(run: Run, scenario: Scenario) -> list[StepResult | None]:
    """What counts of each step as it reads now, in their order; None where nothing is recorded."""
    found = StepResult.objects.filter(run=run, scenario=scenario, version=scenario.version).select_related("note")
    newest = {one.step: one for one in found.order_by("at", "id")}
    return [newest.get(number) for number in range(1, len(scenario.steps) + 1)]


def _said(steps: list[StepResult | None]) -> list[ResultStatus | None]:
    return [ResultStatus(one.status) if one else None for one in steps]


def _as_now(run: Run) -> Run:
    return Run.objects.select_related("build", "environment__product").get(pk=run.pk)


def _scenario(scenario: Scenario, release: Release) -> Scenario:
    if scenario.release_id != release.pk:
        raise Refused("That scenario belongs to another release.", field="scenario")
    found = Scenario.objects.current().filter(pk=scenario.pk).first()
    if found is None:
        raise Conflict("This scenario has been taken out. Nothing was recorded.")
    return found


def _as_read(scenario: Scenario, version: int | None) -> None:
    """Raises Conflict where its text is not what the tester read."""
    if version is not None and version != scenario.version:
        raise Conflict("The text of this scenario was changed meanwhile. Nothing was recorded; read it again.")


def _status(status: str, note: str) -> ResultStatus:
    if status not in ResultStatus.values:
        raise Refused("A result is pass, fail or blocked.", field="status")
    if status != ResultStatus.PASS and not note.strip():
        raise Refused("Say what you saw: a fail, or what cannot be tested, needs a note.", field="note")
    return ResultStatus(status)


def _seen(step: StepResult) -> str:
    note = getattr(step, "note", None)
    return f"Step {step.step}: {note.text}"[:4_000] if note and note.text else ""


def _runs_in(build: Build, environment: Environment) -> bool:
    """Whether the newest deployment of some slot of the environment put exactly this build there."""
    newest = Deployment.objects.filter(environment=environment).order_by("slot_id", "-deployed_at", "-id")
    return build.pk in newest.distinct("slot_id").values_list("build_id", flat=True)


def _may_record(run: Run, release: Release, actor: User) -> None:
    """Raises Forbidden or Conflict; a result is about exactly the builds that were tried, or it is not written."""
    require(actor, release.product, RoleKind.TESTER)
    if run.tester_id != actor.pk:
        raise Forbidden("Results are submitted by who began the run.")
    if run.finished_at is not None:
        raise Conflict("This run is finished; begin a new one. Nothing was recorded.")
    candidates = list(candidates_of(release))
    if run.digests != {str(product): digest for product, digest in digests_of(candidates).items()}:
        builds = ", ".join(str(one.build) for one in candidates if one.build) or "none"
        raise Conflict(
            f"The candidate changed since you began on {run.build}: it is {builds} now. Nothing was recorded; "
            "begin a new run."
        )
    if not _runs_in(run.build, run.environment):
        raise Conflict(
            f"{run.environment.name} no longer runs {run.build}, as far as is recorded. Nothing was recorded."
        )


def _tell(release: Release, actor: User, action: str, subject: str, **data: str) -> None:
    audit.record(stream=release.subject, actor=actor, action=action, subject=subject, data=data)
