"""The rule set for evaluators in other processes: the real one gives what ours gives."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

from flags.evaluation import Definition, Result, compile_all, default_targeting
from flags.flagd import write
from tests.flags import worlds


@settings(max_examples=250)
@given(worlds.worlds(worlds.TYPED), st.lists(st.integers(0, 2**32), min_size=3, max_size=3))
def test_p10_the_real_evaluator_gives_what_ours_gives(world: tuple[Any, Any], seeds: list[int]) -> None:
    definitions, segments = world
    document, left_out = write(definitions, segments)
    assert left_out == {}
    core = FlagdCore()
    core.set_flags(json.dumps(document))
    compiled = compile_all(definitions, segments)
    for context in map(worlds.typed_context, seeds):
        attributes = {name: value for name, value in context.items() if name != "targetingKey"}
        for key, flag in compiled.items():
            theirs = core.resolve_integer_value(key, -1, EvaluationContext(context["targetingKey"], attributes))
            ours = flag.evaluate(context)
            assert isinstance(ours, Result)
            assert (theirs.value, theirs.variant) == (ours.value, ours.variant)


def flag(key: str = "a", **fields: Any) -> Definition:
    targeting = {**default_targeting(["on", "off"]), **fields.pop("targeting", {})}
    return Definition(key, targeting=targeting, **fields)


def rule(**test: Any) -> dict[str, Any]:
    return {"rules": [{"name": "", "when": {"attribute": "a", **test}, "serve": {"variant": "on"}}]}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"targeting": rule(op="matches", value="^a")}, "flagd has no patterns (matches)."),
        ({"targeting": rule(op="after", value="2026-11-23")}, "flagd has no dates (after)."),
        ({"variants": (("on", [1]), ("off", {}))}, "flagd has no lists as values."),
        (
            {"targeting": {"rules": [{"when": {"segment": "gone"}, "serve": {"variant": "on"}}]}},
            "it cannot be evaluated.",
        ),
        (
            {"targeting": {"needs": [{"flag": "b", "variants": ["on"]}]}},
            "it needs b: segment dated: flagd has no dates (before).",
        ),
    ],
)
def test_what_flagd_cannot_say_is_left_out_by_name(fields: dict[str, Any], why: str) -> None:
    segments = {"dated": {"attribute": "since", "op": "before", "value": "2026-11-23"}}
    by_date = {"rules": [{"name": "", "when": {"segment": "dated"}, "serve": {"variant": "on"}}]}
    document, left_out = write({"a": flag(**dict(fields)), "b": flag("b", targeting=by_date), "c": flag("c")}, segments)
    assert left_out["a"] == why
    assert list(document["flags"]) == ["c"]


@pytest.mark.parametrize("fields", [{"enabled": False}, {"withheld": True}])
def test_a_killed_or_withheld_flag_is_its_off_variant_and_shows_no_rules(fields: dict[str, Any]) -> None:
    pinned = flag(weight=100_000, targeting={"pins": {"u-1": "on"}, **rule(op="matches", value="a")}, **fields)
    document, left_out = write({"a": pinned}, {})
    assert left_out == {}
    assert document["flags"]["a"]["defaultVariant"] == "off"
    assert document["flags"]["a"]["state"] == "ENABLED"
    assert "u-1" not in json.dumps(document)


def test_what_can_never_be_met_is_off() -> None:
    needing = {
        key: flag(key, weight=100_000, targeting={"needs": [{"flag": other, "variants": ["on", "off"]}]})
        for key, other in (("a", "b"), ("b", "a"), ("c", "gone"), ("d", "killed"), ("e", "e"))
    }
    document, left_out = write({**needing, "killed": flag("killed", enabled=False)}, {})
    assert left_out == {}
    assert {one["defaultVariant"] for one in document["flags"].values()} == {"off"}
    assert not any("targeting" in one for one in document["flags"].values())


def test_a_segment_that_cannot_stand_apart_is_written_in_place() -> None:
    """The evaluators put it into the document's text as a replacement, in which backslash and dollar mean more."""
    segments = {
        "plain": {"attribute": "a", "op": "equals", "value": "NO"},
        "quoted": {"attribute": "a", "op": "equals", "value": 'Zoë "$&"'},
    }
    rules = [{"name": "", "when": {"segment": key}, "serve": {"variant": "on"}} for key in segments]
    document, _ = write({"a": flag(targeting={"rules": rules})}, segments)
    assert list(document["$evaluators"]) == ["plain"]
    core = FlagdCore()
    core.set_flags(json.dumps(document))
    for value, expected in (("NO", True), ('Zoë "$&"', True), ("SE", False)):
        assert core.resolve_boolean_value("a", not expected, EvaluationContext("u", {"a": value})).value is expected


def test_layers_of_shared_needs_are_left_out_before_they_fill_the_memory() -> None:
    layers = {
        f"{layer}-{n}": flag(
            f"{layer}-{n}",
            weight=50_000,
            targeting={"needs": [{"flag": f"{layer - 1}-{m}", "variants": ["on"]} for m in range(4)] if layer else []},
        )
        for layer in range(15)
        for n in range(4)
    }
    document, left_out = write(layers, {})
    assert "3-0" in document["flags"]
    assert "too long" in left_out["14-0"]
