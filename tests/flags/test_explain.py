"""Why a user gets what they get: the steps, the one that decided, the facts around the bucket."""

from typing import Any

import pytest
from hypothesis import given

from core.weights import FULL
from flags.choices import Carrier
from flags.evaluation import (
    Definition,
    ErrorCode,
    Problem,
    Trace,
    bucket,
    compile_all,
    default_targeting,
    explain,
    phrases,
)
from tests.flags import worlds

STAFF = {"attribute": "user.staff", "op": "equals", "value": True}
RULE = {"name": "Staff", "when": STAFF, "serve": {"variant": "on"}}
HALVES = {"name": "", "when": {"segment": "beta"}, "serve": {"split": [["on", 50_000], ["off", 50_000]]}}
SEGMENTS = {"beta": {"any": [{"attribute": "plan", "op": "in", "value": ["pro", "team"]}, {"not": STAFF}]}}


def flag(key: str = "f", **fields: Any) -> Definition:
    targeting = {**default_targeting(["on", "off"]), **fields.pop("targeting", {})}
    return Definition(key, seed="s", salt="t", targeting=targeting, **fields)


def told(asked: Definition, context: dict[str, Any], *others: Definition) -> Trace:
    return explain(asked, {one.key: one for one in (asked, *others)}, SEGMENTS, context)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, ["Turned off by a person: off", "Everyone: off *"]),
        (
            {"weight": 25_000},
            ["Turned off by a person: off", "25 % of the users, by bucket: on *", "Everyone else: off"],
        ),
        ({"weight": FULL}, ["Turned off by a person: off", "Everyone: on *"]),
        (
            {"weight": 1_000, "carrier": Carrier.BUILD.value, "build": "b2"},
            ["Turned off by a person: off", "Served by build: on *", "Everyone else: off"],
        ),
        ({"weight": FULL, "enabled": False}, ["Turned off by a person: off *", "Everyone: on"]),
        (
            {"withheld": True},
            ["Turned off by a person: off", "Waits for its release's rollout: off *", "Everyone: off"],
        ),
        ({"weight": 9, "carrier": Carrier.BUILD.value}, ["Turned off by a person: off", "Everyone: off *"]),
        (
            {"targeting": {"pins": {"u-2": "on", "u-3": "off"}, "rules": [RULE, HALVES]}},
            [
                "Turned off by a person: off",
                "2 pinned users: on or off",
                "Staff: on",
                "Rule 2: 50 % on, 50 % off *",
                "Everyone: off",
            ],
        ),
    ],
)
def test_the_steps_stand_in_the_order_they_are_asked_and_one_decides(fields: dict[str, Any], says: list[str]) -> None:
    steps = told(flag(**dict(fields)), {"targetingKey": "u-1", "build": "b2"}).steps
    said = [f"{step.text}: {step.gives}{' *' if step.decides else ''}".replace("\u00a0", " ") for step in steps]
    assert said == says


@pytest.mark.parametrize(
    ("fields", "context", "because"),
    [
        ({"enabled": False}, {}, "a person turned it off for everybody."),
        ({"withheld": True}, {}, "it waits for the rollout of its release."),
        ({"targeting": {"needs": [{"flag": "g", "variants": ["on"]}]}}, {}, "it needs g, which gives off."),
        (
            {"targeting": {"needs": [{"flag": "gone", "variants": ["on"]}]}},
            {},
            "it needs gone, which does not exist.",
        ),
        ({"targeting": {"pins": {"u-1": "on"}}}, {"targetingKey": "u-1"}, "this user is pinned."),
        ({"targeting": {"rules": [RULE]}}, {"user": {"staff": True}}, "the rule Staff fits."),
        (
            {"targeting": {"rules": [HALVES]}},
            {"targetingKey": "u-1"},
            "the rule Rule 1 fits, and bucket 42 522 of its split is this variant's.",
        ),
        ({}, {}, "nobody has it."),
        ({"weight": FULL}, {}, "everybody has it."),
        ({"weight": 50_000}, {"targetingKey": "u-1"}, "bucket 5 669 lies below 50 000."),
        ({"weight": 1_000}, {"targetingKey": "u-1"}, "bucket 5 669 does not lie below 1 000."),
        ({"weight": 1_000}, {}, "f is split by user: the context needs a targetingKey."),
        (
            {"weight": 1_000, "carrier": Carrier.BUILD.value, "build": "b2"},
            {"build": "b1"},
            "the flag follows the route and it serves them build b1; the candidate is b2.",
        ),
        (
            {"weight": 1_000, "carrier": Carrier.BUILD.value, "build": "b2"},
            {},
            "the flag follows the route and no build was named; the candidate is b2.",
        ),
    ],
)
def test_one_sentence_says_why(fields: dict[str, Any], context: dict[str, Any], because: str) -> None:
    said = told(flag(**dict(fields)), context, flag("g")).because.replace("\u00a0", " ")
    assert said == because


def test_a_rule_tells_which_of_its_parts_fit_and_what_the_context_has() -> None:
    both = {"name": "Both", "when": {"all": [STAFF, {"not": {"segment": "beta"}}]}, "serve": {"variant": "on"}}
    trace = told(flag(targeting={"rules": [both]}), {"user": {"staff": "yes"}, "plan": "free"})
    step = next(step for step in trace.steps if step.kind == "rule")
    assert step.code == "user.staff is true and not in the segment beta"
    assert [(part.deep, part.text, part.fits, part.found) for part in step.parts] == [
        (0, "all of", False, ""),
        (1, "user.staff is true", False, '"yes"'),
        (1, "not", False, ""),
        (2, "in the segment beta", True, ""),
        (3, "any of", True, ""),
        (4, "plan is pro or team", False, '"free"'),
        (4, "not", True, ""),
        (5, "user.staff is true", False, '"yes"'),
    ]


def test_what_is_asked_after_the_decision_is_told_too() -> None:
    trace = told(flag(weight=FULL, targeting={"pins": {"u-1": "off"}, "rules": [RULE]}), {"targetingKey": "u-1"})
    assert [(step.kind, step.fits, step.decides) for step in trace.steps] == [
        ("killed", False, False),
        ("pin", True, True),
        ("rule", False, False),
        ("rest", True, False),
    ]


def test_p10_the_weight_from_which_on_a_user_is_reached_is_a_fact() -> None:
    trace = told(flag(weight=5_000), {"targetingKey": "u-2"})
    place = bucket("s", "u-2")
    assert trace.exposed_from == place + 1
    assert (trace.reached_at(place), trace.reached_at(place + 1), trace.reached_at(FULL)) == (False, True, True)
    assert told(flag(weight=5_000), {}).exposed_from is None
    assert told(flag(weight=5_000, carrier=Carrier.BUILD.value), {"targetingKey": "u-2"}).reached_at(1) is None


def test_what_cannot_be_evaluated_says_so() -> None:
    trace = told(flag(targeting={"rules": [{**HALVES, "when": {"segment": "gone"}}]}), {})
    assert isinstance(trace.outcome, Problem) and trace.outcome.code == ErrorCode.GENERAL
    assert "segment gone" in trace.because
    assert trace.decided.kind == "broken"


@given(worlds.worlds(), worlds.contexts())
def test_exactly_one_step_decides_and_it_is_the_first_that_fits(world: Any, context: dict[str, Any]) -> None:
    definitions, segments = world
    compiled = compile_all(definitions, segments)
    for key, definition in definitions.items():
        trace = explain(definition, definitions, segments, context)
        assert [step for step in trace.steps if step.decides] == [step for step in trace.steps if step.fits][:1]
        assert trace.outcome == compiled[key].evaluate(context)
        assert trace.because


def test_conditions_read_as_sentences() -> None:
    nested = {
        "any": [{"all": [STAFF, {"attribute": "age", "op": "at_least", "value": 18}]}, {"not": {"segment": "beta"}}]
    }
    said = "(user.staff is true and age is at least 18) or not in the segment beta"
    assert phrases.plain(phrases.condition(nested)) == said
