"""Whatever can change a gate waits for growth, which holds the release row."""

import threading
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction

from approvals.actions import add_item, submit_release, tick_item
from approvals.models import Decision, Policy, Tick
from core.models import Environment, User
from releases.models import Build, Release
from tests.approvals.test_signing import asked, sign
from validation.actions import move_finding, raise_finding, start_run, submit_result, write_scenario
from validation.models import FindingEvent, Result


@pytest.mark.fresh_db
def test_p1_nothing_that_changes_a_gate_slips_past_growth(
    release: Release, policy: Policy, build: Build, staging: Environment, rhea: User, bea: User, tomas: User
) -> None:
    item = add_item(release=release, text="Support knows", team=bea.teams.get(), actor=rhea)
    scenario = write_scenario(release=release, title="Misspelt brand", steps=[], actor=rhea)
    run = start_run(release=release, environment=staging, tester=tomas)
    finding = raise_finding(release=release, build=build, title="Slow", severity="minor", actor=tomas)
    submit_release(release=release, actor=rhea)
    request = asked(release, "Business")
    actions: list[Callable[[], object]] = [
        lambda: sign(request, bea),
        lambda: tick_item(item=item, actor=bea, evidence="mail"),
        lambda: submit_result(run=run, scenario=scenario, status="pass", actor=tomas),
        lambda: move_finding(finding=finding, verb="fixed", actor=tomas),
    ]
    problems: list[Exception] = []

    def attempt(action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=[action]) for action in actions]
    with transaction.atomic():
        Release.objects.select_for_update(of=("self",)).get(pk=release.pk)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [type(problem) for problem in problems] == [OperationalError] * 4
    assert not Decision.objects.exists() and not Tick.objects.exists() and not Result.objects.exists()
    assert FindingEvent.objects.count() == 1
    for action in actions:
        action()
    assert Decision.objects.exists() and Tick.objects.exists() and Result.objects.exists()
