"""Testing a candidate, through PostgreSQL."""

from typing import Any

import pytest
from django.db import connection

from approvals.models import Policy
from core import clock
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import AuditEntry, Environment, Product, User
from releases.actions import register_deployment, set_candidate
from releases.gates import Gate, GateState, Question
from releases.models import Build, Release
from validation import gates
from validation.actions import (
    finish_run,
    move_finding,
    raise_finding,
    start_run,
    submit_result,
    submit_step,
    write_scenario,
)
from validation.models import Finding, FindingEvent, Result, Run, Scenario, StepNote, StepResult

STEPS = [{"do": "Type jaket", "expect": "Jackets"}]


def gate(release: Release, digests: dict[int, str] | None = None) -> Gate:
    (found,) = gates.staging(Question(release=release, now=clock.now(), digests=digests))
    return found


@pytest.fixture
def scenario(release: Release, rhea: User) -> Scenario:
    return write_scenario(release=release, title="Misspelt brand", steps=STEPS, actor=rhea)


def try_it(run: Run, scenario: Scenario, status: str, actor: User, note: str = "") -> Result:
    """The one step, and what follows from it."""
    submit_step(run=run, scenario=scenario, step=1, status=status, note=note, actor=actor)
    return submit_result(run=run, scenario=scenario, status=status, actor=actor)


@pytest.fixture
def run(release: Release, scenario: Scenario, staging: Environment, tomas: User) -> Run:
    return start_run(release=release, environment=staging, tester=tomas)


def test_a_pass_on_the_candidate_opens_the_gate(release: Release, scenario: Scenario, run: Run, tomas: User) -> None:
    assert gate(release).state is GateState.WAITING
    try_it(run, scenario, "pass", tomas)
    found = gate(release)
    assert found.state is GateState.OPEN
    assert (found.sentence, found.who) == ("1 of 1 passed on 2.0.2.", "Tomas Weber")


def test_p1_a_pass_on_another_build_does_not_count(
    release: Release, scenario: Scenario, run: Run, tomas: User, emil: User, next_build: Build, storefront: Product
) -> None:
    try_it(run, scenario, "pass", tomas)
    set_candidate(release=release, build=next_build, actor=emil)
    assert gate(release).sentence == "0 of 1 passed on 2.0.3; 1 to re-test."
    assert not gate(release, {storefront.pk: next_build.digest}).is_open
    with pytest.raises(Conflict, match="candidate changed"):
        try_it(run, scenario, "pass", tomas)


def test_p1_what_was_tested_together_counts_together(
    release: Release, scenario: Scenario, run: Run, tomas: User, storefront: Product
) -> None:
    """A second product in the release: its missing build, or another one, is not what was tested."""
    try_it(run, scenario, "pass", tomas)
    back = Product.objects.create(name="Index", slug="index")
    build = Build.objects.create(product=back, version="7", digest=f"sha256:{'7' * 64}")
    release.candidates.create(product=back, build=build)
    assert gate(release).state is GateState.WAITING


def test_a_run_begins_only_where_the_candidate_runs_and_before_production(
    release: Release,
    scenario: Scenario,
    staging: Environment,
    production: Environment,
    tomas: User,
    emil: User,
    rhea: User,
    next_build: Build,
) -> None:
    with pytest.raises(Refused, match="before production"):
        start_run(release=release, environment=production, tester=tomas)
    with pytest.raises(Forbidden):
        start_run(release=release, environment=staging, tester=rhea)
    set_candidate(release=release, build=next_build, actor=emil)
    with pytest.raises(Refused, match="not deployed"):
        start_run(release=release, environment=staging, tester=tomas)
    register_deployment(build=next_build, environment=staging, actor=emil)
    first = start_run(release=release, environment=staging, tester=tomas)
    assert start_run(release=release, environment=staging, tester=tomas) == first


def test_a_new_run_ends_one_on_what_is_no_longer_the_candidate(
    release: Release, run: Run, staging: Environment, tomas: User, emil: User, next_build: Build
) -> None:
    register_deployment(build=next_build, environment=staging, actor=emil)
    set_candidate(release=release, build=next_build, actor=emil)
    assert start_run(release=release, environment=staging, tester=tomas) != run
    run.refresh_from_db()
    assert run.finished_at


def test_one_testers_fail_blocks_though_another_passed(
    release: Release, scenario: Scenario, run: Run, staging: Environment, tomas: User, quinn: User, storefront: Product
) -> None:
    quinn.roles.create(product=storefront, kind=RoleKind.TESTER)
    try_it(run, scenario, "pass", tomas)
    other = start_run(release=release, environment=staging, tester=quinn)
    try_it(other, scenario, "fail", quinn, "no results")
    found = gate(release)
    assert found.state is GateState.BLOCKED and found.who == "Quinn Hale"
    try_it(other, scenario, "pass", quinn)
    assert gate(release).is_open


def test_p7_results_only_grow_and_keep_no_free_text(
    release: Release, scenario: Scenario, run: Run, tomas: User
) -> None:
    try_it(run, scenario, "fail", tomas, "my phone showed nothing")
    result = Result.objects.get()
    step = StepResult.objects.get()
    assert (step.note.text, result.note.text) == ("my phone showed nothing", "Step 1: my phone showed nothing")
    for fact in (result, step):
        assert "phone" not in str(vars(fact)) and len(fact.note_hash) == 64
    entry = AuditEntry.objects.get(action="result_submitted")
    assert "phone" not in str(entry.data) and "Misspelt" not in str(entry.data)
    for sql in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
        for table in ("validation_result", "validation_stepresult", "validation_findingevent"):
            with connection.cursor() as cursor:
                cursor.execute("SAVEPOINT p7")
                with pytest.raises(Exception, match="permission denied"):
                    cursor.execute(sql.format(table))
                cursor.execute("ROLLBACK TO SAVEPOINT p7")


def test_a_blocking_finding_closes_the_gate_until_it_is_fixed(
    release: Release, scenario: Scenario, run: Run, tomas: User, rhea: User, emil: User, build: Build
) -> None:
    try_it(run, scenario, "pass", tomas)
    finding = raise_finding(release=release, build=build, title="Prices are gone", severity="blocking", actor=tomas)
    found = gate(release)
    assert found.state is GateState.BLOCKED and found.on_close == "pause"
    assert found.sentence == "Blocking finding: “Prices are gone”."
    with pytest.raises(Forbidden, match="cannot be accepted"):
        move_finding(finding=finding, verb="accepted", actor=rhea)
    with pytest.raises(Forbidden, match="only who raised"):
        move_finding(finding=finding, verb="fixed", actor=emil)
    move_finding(finding=finding, verb="fixed", actor=tomas)
    assert gate(release).is_open
    move_finding(finding=finding, verb="reopened", reason="They are gone again.", actor=emil)
    assert not gate(release).is_open


def test_a_minor_finding_is_accepted_by_somebody_else_for_a_reason(
    release: Release, scenario: Scenario, run: Run, tomas: User, rhea: User
) -> None:
    try_it(run, scenario, "fail", tomas, "The filter is gone after a search.")
    said: dict[str, Any] = {"title": "Filter resets", "severity": "minor", "scenario": scenario, "step": 1}
    finding = raise_finding(release=release, build=run.build, actor=tomas, **said)
    with pytest.raises(Forbidden):
        move_finding(finding=finding, verb="accepted", reason="It is small.", actor=tomas)
    with pytest.raises(Refused) as refused:
        move_finding(finding=finding, verb="accepted", reason=" ", actor=rhea)
    assert refused.value.field == "reason"
    event = move_finding(finding=finding, verb="accepted", reason="Nobody sees it.", actor=rhea)
    assert event.note.text == "Nobody sees it." and "Nobody" not in str(vars(FindingEvent.objects.get(pk=event.pk)))
    try_it(run, scenario, "pass", tomas)
    assert gate(release).sentence == "1 of 1 passed on 2.0.2; 1 minor finding accepted."


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"status": "maybe"}, "status"),
        ({"status": ""}, "status"),
        ({"status": "fail"}, "note"),
        ({"status": "blocked", "note": " "}, "note"),
        ({"status": "fail", "note": "x" * 4_001}, "note"),
        ({"status": "fail", "note": "a\x00b"}, "note"),
        ({"status": "pass", "step": 0}, "step"),
        ({"status": "pass", "step": 2}, "step"),
        ({"status": "pass", "step": -1}, "step"),
    ],
)
def test_p12_a_step_that_says_too_little_changes_nothing(
    given: dict[str, Any], field: str, scenario: Scenario, run: Run, tomas: User
) -> None:
    with pytest.raises(Refused) as refused:
        submit_step(run=run, scenario=scenario, actor=tomas, **{"step": 1, "conclude": True, **given})
    assert refused.value.field == field
    assert not StepResult.objects.exists() and not StepNote.objects.exists() and not Result.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"status": "pass"}, "status"),
        ({"status": "blocked", "note": "no phone"}, "status"),
        ({"status": "maybe"}, "status"),
        ({"status": "fail", "note": "a\x00b"}, "note"),
    ],
)
def test_p12_a_result_that_does_not_follow_from_its_steps_changes_nothing(
    given: dict[str, Any], field: str, scenario: Scenario, run: Run, tomas: User
) -> None:
    submit_step(run=run, scenario=scenario, step=1, status="fail", note="nothing", actor=tomas)
    before = AuditEntry.objects.count()
    with pytest.raises(Refused) as refused:
        submit_result(run=run, scenario=scenario, actor=tomas, **given)
    assert refused.value.field == field
    assert not Result.objects.exists() and AuditEntry.objects.count() == before


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 161}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"severity": "huge"}, "severity"),
        ({"step": 2}, "step"),
        ({"step": 1, "scenario": None}, "step"),
    ],
)
def test_p12_a_finding_that_says_too_little_changes_nothing(
    given: dict[str, Any], field: str, release: Release, scenario: Scenario, build: Build, tomas: User
) -> None:
    fitting = {"title": "Filter resets", "severity": "minor", "scenario": scenario, **given}
    with pytest.raises(Refused) as refused:
        raise_finding(release=release, build=build, actor=tomas, **fitting)
    assert refused.value.field == field and not Finding.objects.exists()


def test_results_belong_to_who_began_and_to_an_open_run(
    scenario: Scenario, run: Run, tomas: User, quinn: User, storefront: Product, policy: Policy
) -> None:
    quinn.roles.create(product=storefront, kind=RoleKind.TESTER)
    with pytest.raises(Forbidden):
        try_it(run, scenario, "pass", quinn)
    finish_run(run=run, actor=tomas)
    with pytest.raises(Conflict, match="finished"):
        try_it(run, scenario, "pass", tomas)
