"""A product's flags as a flagd definition: out and in again unchanged, and what is foreign refused by name."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

from flags.evaluation import Definition, Invalid, Result, compile_all, default_targeting, parse_condition
from flags.flagd import Portable, export, read
from tests.flags import worlds

USER = {"var": "targetingKey"}


def dressed(definition: Definition, number: int) -> Portable:
    """With something said about it."""
    rules = [{**rule, "name": f'Règle "{place}"'} for place, rule in enumerate(definition.targeting["rules"])]
    named = replace(definition, targeting={**definition.targeting, "rules": rules}, for_clients=number % 2 == 0)
    return Portable(named, f"Flag {number}", "Zoë's\n", "release", ("search", "ui")[: number % 3], "2027-01-01")


def plain(segments: dict[str, Any]) -> dict[str, Any]:
    """As if none used another: flagd's evaluators may not."""
    return {key: condition for key, condition in segments.items() if '"segment"' not in json.dumps(condition)}


@settings(max_examples=150)
@given(worlds.worlds(worlds.TYPED, needs=False))
def test_what_goes_out_comes_back_unchanged(world: tuple[Any, Any]) -> None:
    definitions, segments = world
    flags = [dressed(flag, number) for number, flag in enumerate(definitions.values())]
    document, left_out = export(flags, segments)
    found = read(json.loads(json.dumps(document)))
    assert found.refused == {}
    assert found.segments == plain(segments)
    for flag in flags:
        assert (flag.definition.key in left_out) != (found.flags.get(flag.definition.key) == flag)


def put_in_place(document: dict[str, Any]) -> dict[str, Any]:
    """The segments where they are referred to: the evaluator's own way breaks on any backslash in its JSON."""
    text = json.dumps(document["flags"])
    for key, logic in document["$evaluators"].items():
        text = text.replace(json.dumps({"$ref": key}), json.dumps(logic))
    return {"flags": json.loads(text)}


@settings(max_examples=100)
@given(worlds.worlds(worlds.TYPED, needs=False), st.integers(0, 2**32))
def test_the_real_evaluator_gives_for_an_export_what_ours_gives(world: tuple[Any, Any], seed: int) -> None:
    definitions, segments = world
    document, left_out = export([Portable(flag) for flag in definitions.values()], segments)
    core, context = FlagdCore(), worlds.typed_context(seed)
    core.set_flags(put_in_place(document))
    asked = EvaluationContext(context["targetingKey"], {k: v for k, v in context.items() if k != "targetingKey"})
    for key, flag in compile_all(definitions, segments).items():
        ours = flag.evaluate(context)
        assert isinstance(ours, Result)
        if key in left_out:
            continue
        theirs = core.resolve_integer_value(key, -1, asked)
        assert theirs.value == (ours.value if flag.definition.enabled else -1)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"targeting": {"needs": [{"flag": "b", "variants": ["on"]}]}}, "it needs b: flagd knows no needs."),
        ({"withheld": True}, "it waits for the rollout of its release: flagd knows no waiting."),
        ({"carrier": "build"}, "it follows a route that gives it to nobody."),
        ({"variants": (("on", [1]), ("off", []))}, "flagd has no lists as values."),
        ({"rule": ("matches", "^a")}, "flagd has no patterns (matches)."),
        ({"rule": ("before", "2026-11-23")}, "flagd has no dates (before)."),
        ({"segment": "young"}, "it uses segment young, which is left out."),
        ({"tags": ("a,b",)}, "a tag of it has a comma."),
    ],
)
def test_what_flagd_cannot_say_is_left_out_by_name(fields: dict[str, Any], why: str) -> None:
    fields = dict(fields)
    when: dict[str, Any] = {"segment": fields.pop("segment", "old")}
    if test := fields.pop("rule", None):
        when = {"attribute": "a", "op": test[0], "value": test[1]}
    rules = [{"name": "", "when": when, "serve": {"variant": "on"}}]
    targeting = {**default_targeting(["on", "off"]), "rules": rules, **fields.pop("targeting", {})}
    tags = fields.pop("tags", ())
    segments = {
        "old": parse_condition({"attribute": "age", "op": "more", "value": 80}, segments=()),
        "young": {"not": {"segment": "old"}},
    }
    document, left_out = export([Portable(Definition("a", targeting=targeting, **fields), tags=tags)], segments)
    assert document["flags"] == {}
    assert left_out["a"] == why
    assert left_out["segment young"] == "it uses segment old: flagd's evaluators may not use one another."


def flag(targeting: Any = None, **fields: Any) -> dict[str, Any]:
    body = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", **fields}
    return {"flags": {"f": body if targeting is None else {**body, "targeting": targeting}}}


def rule(when: Any) -> dict[str, Any]:
    return flag({"if": [when, "on", "off"]})


def nested(deep: int) -> Any:
    found: Any = "x"
    for _ in range(deep):
        found = [found]
    return found


def fractional(*args: Any) -> dict[str, Any]:
    return {"fractional": list(args)}


def hashed(seed: str) -> dict[str, Any]:
    return {"cat": [seed, ":", USER]}


def halves(seed: str) -> dict[str, Any]:
    return fractional(hashed(seed), ["on", 1], ["off", 1])


COUNTRY, AGE = {"var": "country"}, {"var": "age"}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (flag(state="ON"), "state"),
        (flag(defaultVariant=None), "no default variant"),
        (flag(defaultVariant="gone"), "no default variant"),
        (flag(variants={}), "no variants"),
        (flag(variants={"on": True, "off": "no"}), "true or false"),
        (flag(variants={"o n": True, "off": False}), "variant's name"),
        (flag(metadata={"for_clients": "yes"}), "for_clients"),
        (flag(metadata={"type": "colour"}), "colour"),
        (flag(metadata={"pins": 1}), "counts pins"),
        (flag(source="x"), "source"),
        (flag({"fractional": []}, metadata={"carrier": "build"}), "a route that it does not follow"),
        (flag([], metadata={"carrier": "build", "weight": 1}), "a route that it does not follow"),
        (flag(metadata={"rules": "[" * 2_000}), "rules are no list of names"),
        (flag(metadata={"rules": "why"}), "rules are no list of names"),
        (flag(nested(900)), "nests too deep"),
        (rule(nested(900)), "nests too deep"),
        (flag(variants={"on": nested(900), "off": {}}), "nests too deep"),
        (flag(metadata={"kind": nested(900)}), "nests too deep"),
        (flag(state=nested(900)), "nests too deep"),
        (rule({"matches": [COUNTRY, "^N"]}), "matches"),
        (rule({"before": [COUNTRY, "2026-01-01"]}), "before"),
        (rule({"in": [{"if": [True, "on"]}, ["on"]]}), "in asks for something else"),
        (rule({"===": [COUNTRY, {"var": "home"}]}), "when.value"),
        (rule({"===": [{"var": ["country", "NO"]}, "NO"]}), "=== asks for something else"),
        (rule({"===": [{"var": "$flagd.timestamp"}, 1]}), "=== asks for something else"),
        (rule({"<": [AGE, 18]}), "also fits where age is missing"),
        (rule({">": [AGE, "18"]}), "something else than a number"),
        (rule({"<": [1, AGE, 18]}), "< asks for something else"),
        (rule({"sem_ver": [{"var": "v"}, "^", "1.0.0"]}), "'^'"),
        (rule({"sem_ver": [{"var": "v"}, "=", "one"]}), "version"),
        (rule({"$ref": "beta"}), "no segment 'beta'"),
        (rule({"some": [{"var": "groups"}, {"==": [{"var": ""}, "beta"]}]}), "some"),
        (rule(True), "no operation"),
        (rule({"and": []}), "when.all"),
        (flag(fractional(["on", 50], ["off", 50])), "something else than seed:targetingKey"),
        (flag(fractional(USER, ["on", 50], ["off", 50])), "something else than seed:targetingKey"),
        (flag(fractional({"cat": ["s", "/", USER]}, ["on", 1])), "something else than seed:targetingKey"),
        (flag(fractional(hashed("s"), ["on", 1], ["off", 2])), "thousandths"),
        (flag(fractional(hashed("s"), ["on", 1.5], ["off", 2])), "whole number"),
        (flag(fractional(hashed("s"), ["on", 0], ["off", 0])), "thousandths"),
        (flag(fractional(hashed("s"), ["gone", 50], ["off", 50])), "variant"),
        (flag({"if": [{"==": [COUNTRY, "NO"]}, {"var": "variant"}]}), "no operator 'var'"),
        (flag({"if": [{"==": [COUNTRY, "NO"]}]}), "an if of it"),
        (flag({"if": [{"==": [AGE, 1]}, halves("a"), {"==": [AGE, 2]}, halves("b")]}), "more than one seed"),
    ],
)
def test_what_is_foreign_is_refused_by_name(document: dict[str, Any], why: str) -> None:
    found = read(document)
    assert found.flags == {}
    assert why in found.refused["f"]
    assert found.refused["f"].endswith(".")


@pytest.mark.parametrize(
    ("when", "condition"),
    [
        ({"==": [COUNTRY, "NO"]}, {"attribute": "country", "op": "equals", "value": "NO"}),
        ({"!=": [COUNTRY, "NO"]}, {"not": {"attribute": "country", "op": "equals", "value": "NO"}}),
        ({"in": ["beta", {"var": "user.email"}]}, {"attribute": "user.email", "op": "contains", "value": "beta"}),
        ({">=": [AGE, 18]}, {"attribute": "age", "op": "at_least", "value": 18}),
        ({"!": {"==": [AGE, 18]}}, {"not": {"attribute": "age", "op": "equals", "value": 18}}),
        ({"sem_ver": [{"var": ["v"]}, ">=", "1.2"]}, {"attribute": "v", "op": "version_at_least", "value": "1.2"}),
    ],
)
def test_what_others_wrote_is_read(when: Any, condition: Any) -> None:
    definition = read(rule(when)).flags["f"].definition
    assert definition.targeting["rules"] == [{"name": "", "when": condition, "serve": {"variant": "on"}}]
    assert definition.weight == 0


@pytest.mark.parametrize(
    ("document", "weight", "on"),
    [
        (flag(), 0, {"variant": "on"}),
        (flag(defaultVariant="on"), 100_000, {"variant": "on"}),
        (flag(fractional(hashed("s"), ["on", 1], ["off", 3])), 25_000, {"variant": "on"}),
        (flag(fractional(hashed("s"), ["off", 1], ["on", 3])), 100_000, {"split": [["off", 25_000], ["on", 75_000]]}),
        (flag({"if": [{"==": [AGE, 1]}, "off", {"if": [{"==": [AGE, 2]}, "off", "on"]}]}), 100_000, {"variant": "on"}),
    ],
)
def test_everybody_else_is_read(document: Any, weight: int, on: Any) -> None:
    definition = read(document).flags["f"].definition
    assert (definition.weight, definition.targeting["on"], definition.targeting["off"]) == (weight, on, "off")


@pytest.mark.parametrize(
    ("values", "type"),
    [([True], "boolean"), (["a"], "string"), ([1, 2], "integer"), ([1, 2.5], "float"), ([{"a": 1}], "json")],
)
def test_the_type_follows_from_the_values(values: list[Any], type: str) -> None:
    variants = {f"v{number}": value for number, value in enumerate(values)}
    definition = read(flag(variants=variants, defaultVariant="v0")).flags["f"].definition
    assert definition.type == type
    assert all(isinstance(value, float) for _, value in definition.variants) == (type == "float")


def test_p12_an_evaluator_that_nests_too_deep_is_refused_by_name() -> None:
    found = read({"flags": {}, "$evaluators": {"old": {"and": nested(900)}, "young": {"==": [AGE, nested(30)]}}})
    assert found.segments == {}
    assert found.refused["segment old"] == "it nests too deep." and "value" in found.refused["segment young"]


@pytest.mark.parametrize("document", [None, [], {}, {"flags": []}, {"flags": {}, "$evaluators": []}])
def test_what_is_no_definition_is_refused_as_a_whole(document: object) -> None:
    with pytest.raises(Invalid):
        read(document)
