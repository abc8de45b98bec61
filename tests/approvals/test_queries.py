"""Gates are asked at every tick: what they cost does not grow with what is in them."""

import pytest

from approvals.actions import add_item, submit_release, tick_item
from approvals.choices import Verdict
from approvals.gates import checklist, signoff
from approvals.models import Policy
from core import clock
from core.models import Environment, User
from releases.gates import GateFunction, Question
from releases.models import Release
from tests import queries
from tests.approvals.test_signing import asked, sign
from validation.actions import raise_finding, start_run, submit_result, write_scenario
from validation.gates import staging as staging_gate


def cost(function: GateFunction, release: Release) -> int:
    question = Question(
        release=Release.objects.select_related("product", "manager").get(pk=release.pk), now=clock.now()
    )
    return queries.cost(lambda: function(question))


@pytest.mark.parametrize("function", [checklist, signoff, staging_gate])
def test_more_facts_cost_no_more_queries(
    function: GateFunction,
    release: Release,
    policy: Policy,
    staging: Environment,
    rhea: User,
    bea: User,
    quinn: User,
    tomas: User,
) -> None:
    submit_release(release=release, actor=rhea)
    scenarios = [write_scenario(release=release, title="S0", steps=[], actor=rhea)]
    run = start_run(release=release, environment=staging, tester=tomas)
    submit_result(run=run, scenario=scenarios[0], status="pass", actor=tomas)
    tick_item(item=add_item(release=release, text="0", team=bea.teams.get(), actor=rhea), actor=bea, evidence="x")
    sign(asked(release, "Business"), bea)
    before = cost(function, release)
    for number in range(1, 4):
        scenario = write_scenario(release=release, title=f"S{number}", steps=[], actor=rhea)
        submit_result(run=run, scenario=scenario, status="fail", note="x", actor=tomas)
        raise_finding(release=release, build=run.build, title="y", severity="minor", scenario=scenario, actor=tomas)
        item = add_item(release=release, text=str(number), team=bea.teams.get(), actor=rhea)
        tick_item(item=item, actor=bea, evidence="x")
        sign(asked(release, "Business"), bea)
        sign(asked(release, "QA"), quinn, Verdict.CONDITION, f"condition {number}")
    assert cost(function, release) <= before
