"""Decision tables: no database."""

from datetime import UTC, datetime
from typing import Any

import pytest

from releases.gates import GateState
from validation import rules
from validation.choices import FindingVerb, ResultStatus, ScenarioState, Severity
from validation.rules import Defect, Outcome

AT = datetime(2026, 11, 18, 11, 2, tzinfo=UTC)
PASS, FAIL, BLOCKED = ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.BLOCKED


def outcome(scenario: int, status: ResultStatus, tester: str = "Tomas Weber") -> Outcome:
    return Outcome(scenario=scenario, title=f"Scenario {scenario}", tester=tester, status=status, at=AT)


def defect(severity: Severity, verb: FindingVerb) -> Defect:
    return Defect(title="Filter resets", severity=severity, verb=verb, who="Tomas Weber")


def ask(**facts: Any) -> rules.Standing:
    given: dict[str, Any] = {"scenarios": [1, 2], "required": True, "build": "2.0.3", "outcomes": [], "defects": []}
    return rules.staging(**{**given, **facts})


@pytest.mark.parametrize(
    ("here", "before", "state"),
    [
        ([], False, ScenarioState.NOT_RUN),
        ([], True, ScenarioState.RETEST),
        ([outcome(1, PASS)], True, ScenarioState.PASS),
        ([outcome(1, PASS), outcome(1, FAIL, "Quinn Hale")], False, ScenarioState.FAIL),
        ([outcome(1, PASS), outcome(1, BLOCKED, "Quinn Hale")], False, ScenarioState.PASS),
        ([outcome(1, BLOCKED)], False, ScenarioState.BLOCKED),
    ],
)
def test_a_fail_outweighs_a_pass_and_a_pass_a_blocked_sitting(
    here: list[Outcome], before: bool, state: ScenarioState
) -> None:
    assert rules.scenario_state(here, tested_before=before) == state


@pytest.mark.parametrize(
    ("facts", "state", "sentence"),
    [
        ({"build": ""}, GateState.WAITING, "There is no candidate build to test yet."),
        ({"scenarios": []}, GateState.WAITING, "No scenario is written yet; a grouped release needs them."),
        (
            {"scenarios": [], "required": False},
            GateState.OPEN,
            "No scenarios: an express release rests on its checks.",
        ),
        ({}, GateState.WAITING, "0 of 2 passed on 2.0.3; 2 not run yet."),
        (
            {"outcomes": [outcome(1, PASS)], "tested_before": frozenset({1, 2})},
            GateState.WAITING,
            "1 of 2 passed on 2.0.3; 1 to re-test.",
        ),
        (
            {"outcomes": [outcome(1, PASS), outcome(2, FAIL)]},
            GateState.BLOCKED,
            "Failed on 2.0.3: “Scenario 2”; 1 of 2 passed.",
        ),
        (
            {"outcomes": [outcome(1, PASS), outcome(2, PASS), outcome(2, FAIL, "Quinn Hale")]},
            GateState.BLOCKED,
            "Failed on 2.0.3: “Scenario 2”; 1 of 2 passed.",
        ),
        ({"outcomes": [outcome(1, PASS), outcome(2, PASS)]}, GateState.OPEN, "2 of 2 passed on 2.0.3."),
        (
            {
                "outcomes": [outcome(1, PASS), outcome(2, PASS)],
                "defects": [defect(Severity.MINOR, FindingVerb.ACCEPTED)],
            },
            GateState.OPEN,
            "2 of 2 passed on 2.0.3; 1 minor finding accepted.",
        ),
        (
            {
                "outcomes": [outcome(1, PASS), outcome(2, PASS)],
                "defects": [defect(Severity.BLOCKING, FindingVerb.REOPENED)],
            },
            GateState.BLOCKED,
            "Blocking finding: “Filter resets”.",
        ),
        (
            {
                "outcomes": [outcome(1, PASS), outcome(2, PASS)],
                "defects": [defect(Severity.BLOCKING, FindingVerb.FIXED)],
            },
            GateState.OPEN,
            "2 of 2 passed on 2.0.3.",
        ),
    ],
)
def test_the_staging_gate_says_what_is_missing(facts: dict[str, Any], state: GateState, sentence: str) -> None:
    standing = ask(**facts)
    assert (standing.state, standing.sentence) == (state, sentence)


@pytest.mark.parametrize(
    ("facts", "allowed"),
    [
        ({"verb": FindingVerb.ACCEPTED, "decides": True}, True),
        ({"verb": FindingVerb.ACCEPTED}, False),
        ({"verb": FindingVerb.ACCEPTED, "decides": True, "is_raiser": True}, False),
        ({"verb": FindingVerb.ACCEPTED, "decides": True, "severity": Severity.BLOCKING}, False),
        ({"verb": FindingVerb.FIXED, "is_raiser": True}, True),
        ({"verb": FindingVerb.FIXED, "builds": True}, False),
        ({"verb": FindingVerb.FIXED, "builds": True, "rebuilt": True}, True),
        ({"verb": FindingVerb.FIXED, "decides": True, "rebuilt": True}, False),
        ({"verb": FindingVerb.FIXED, "now": FindingVerb.ACCEPTED, "is_raiser": True}, False),
        ({"verb": FindingVerb.REOPENED}, False),
        ({"verb": FindingVerb.REOPENED, "now": FindingVerb.FIXED}, True),
        ({"verb": FindingVerb.RAISED, "is_raiser": True}, False),
    ],
)
def test_who_may_move_a_finding(facts: dict[str, Any], allowed: bool) -> None:
    given: dict[str, Any] = {
        "now": FindingVerb.RAISED,
        "severity": Severity.MINOR,
        "is_raiser": False,
        "decides": False,
        "builds": False,
        "rebuilt": False,
    }
    assert (rules.may_not_move(**{**given, **facts}) == "") is allowed
