"""What people and files may say about who gets what: every refusal by its place, and one form for what is taken."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flags.evaluation import (
    Invalid,
    compile_all,
    default_targeting,
    need_cycle,
    needs_too_deep,
    parse_condition,
    parse_targeting,
    parse_variants,
    segment_cycle,
    segments_too_large,
)
from tests.flags import worlds


def parsed(data: object) -> Any:
    return parse_targeting(data, variants=["on", "off"], segments={"beta"}, flags={"search"})


def asks(**fields: object) -> dict[str, Any]:
    return {"attribute": "a", "op": "equals", "value": "x", **fields}


def rule(when: object, serve: object = None) -> dict[str, object]:
    return {"rules": [{"when": when, "serve": serve or {"variant": "on"}}]}


def nested(depth: int) -> dict[str, object]:
    condition = asks()
    for _ in range(depth - 1):
        condition = {"not": condition}
    return condition


def split(*parts: object) -> dict[str, object]:
    return {"on": {"split": list(parts)}}


def test_nothing_sent_is_the_default() -> None:
    assert parsed({}) == default_targeting(["on", "off"])
    assert default_targeting(["a", "b"])["on"] == {"variant": "a"}
    assert default_targeting(["a", "b"])["off"] == "b"


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (None, ""),
        ([], ""),
        ({"of": "off"}, "of"),
        ({"off": "gone"}, "off"),
        ({"off": ["on"]}, "off"),
        ({"on": {"variant": "gone"}}, "on.variant"),
        ({"on": {}}, "on"),
        ({"on": {"variant": "on", "split": []}}, "on"),
        (split(["on", 100_000], ["off"]), "on.split.1"),
        (split(["on", 50_000], ["off", 50_001]), "on.split"),
        (split(["on", 50_000], ["on", 50_000]), "on.split"),
        (split(["on", 50_000.0], ["off", 50_000]), "on.split.0.1"),
        (split(["on", True], ["off", 99_999]), "on.split.0.1"),
        (split(["on", -1], ["off", 100_001]), "on.split.0.1"),
        (split(["gone", 100_000]), "on.split.0.0"),
        ({"pins": []}, "pins"),
        ({"pins": {"u-1": "gone"}}, "pins.u-1"),
        ({"pins": {"": "on"}}, "pins"),
        ({"pins": {"\ud800": "on"}}, "pins"),
        ({"pins": {str(n): "on" for n in range(1_001)}}, "pins"),
        ({"needs": [{"flag": "gone", "variants": ["on"]}]}, "needs.0.flag"),
        ({"needs": [{"flag": "search", "variants": []}]}, "needs.0.variants"),
        ({"needs": [{"flag": "search", "variants": ["on", 1]}]}, "needs.0.variants"),
        ({"needs": [{"flag": "search", "variants": ["on"]}] * 2}, "needs.1.flag"),
        ({"needs": [{"flag": "search"}]}, "needs.0.variants"),
        ({"rules": [{"serve": {"variant": "on"}}]}, "rules.0.when"),
        ({"rules": [{"when": asks()}]}, "rules.0.serve"),
        ({"rules": [{"when": asks(), "serve": {"variant": "on"}, "name": 7}]}, "rules.0.name"),
        ({"rules": [{"when": asks(), "serve": {"variant": "on"}}] * 101}, "rules"),
        (rule(asks(), {"variant": "gone"}), "rules.0.serve.variant"),
        (rule({}), "rules.0.when"),
        (rule("a is x"), "rules.0.when"),
        (rule({"all": []}), "rules.0.when.all"),
        (rule({"any": [asks(), asks(op="is")]}), "rules.0.when.any.1.op"),
        (rule({"all": [asks()], "any": [asks()]}), "rules.0.when"),
        (rule({"segment": "gone"}), "rules.0.when.segment"),
        (rule({"segment": ["beta"]}), "rules.0.when.segment"),
        (rule({"not": {"not": asks(value=None)}}), "rules.0.when.not.not.value"),
        (rule(asks(attribute="")), "rules.0.when.attribute"),
        (rule(asks(attribute="user..country")), "rules.0.when.attribute"),
        (rule(asks(attribute="a" * 201)), "rules.0.when.attribute"),
        (rule(asks(op=["equals"])), "rules.0.when.op"),
        (rule(asks(surplus=1)), "rules.0.when.surplus"),
        (rule(asks(value=[1])), "rules.0.when.value"),
        (rule(asks(value=math.nan)), "rules.0.when.value"),
        (rule(asks(value=2**53)), "rules.0.when.value"),
        (rule(asks(value="x" * 1_001)), "rules.0.when.value"),
        (rule(asks(op="in", value=[])), "rules.0.when.value"),
        (rule(asks(op="in", value="NO")), "rules.0.when.value"),
        (rule(asks(op="in", value=[None])), "rules.0.when.value"),
        (rule(asks(op="contains", value="")), "rules.0.when.value"),
        (rule(asks(op="contains", value=1)), "rules.0.when.value"),
        (rule(asks(op="less", value="1")), "rules.0.when.value"),
        (rule(asks(op="less", value=True)), "rules.0.when.value"),
        (rule(asks(op="matches", value="")), "rules.0.when.value"),
        (rule(asks(op="matches", value="a" * 201)), "rules.0.when.value"),
        (rule(asks(op="matches", value="(?=a)")), "rules.0.when.value"),
        (rule(asks(op="matches", value=r"(a)\1")), "rules.0.when.value"),
        (rule(asks(op="matches", value="((a{100}){100}){100}")), "rules.0.when.value"),
        (rule(asks(op="version_less", value="one")), "rules.0.when.value"),
        (rule(asks(op="version_less", value="1.2.3.4")), "rules.0.when.value"),
        (rule(asks(op="before", value="23.11.2026")), "rules.0.when.value"),
        (rule(asks(op="before", value="2026-02-30")), "rules.0.when.value"),
        (rule(nested(9)), "rules.0.when" + ".not" * 8),
        (rule({"all": [asks()] * 200}), "rules.0.when.all.199"),
    ],
)
def test_p12_what_is_refused_is_named_by_its_place(data: object, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        parsed(data)
    assert refused.value.path == path
    assert refused.value.sentence.endswith(".") or ".country" in refused.value.sentence


def test_as_much_as_is_allowed_is_taken() -> None:
    parsed(rule(nested(8)))
    parsed(rule({"all": [asks()] * 199}))
    parsed({"pins": {str(n): "on" for n in range(1_000)}})
    parsed(rule(asks(op="matches", value="a" * 200)))


@given(worlds.worlds())
def test_what_was_taken_is_taken_again_unchanged(world: Any) -> None:
    for flag in world[0].values():
        again = parse_targeting(
            flag.targeting,
            variants=[name for name, _ in flag.variants],
            segments=worlds.SEGMENTS,
            flags=(*worlds.FLAGS, "gone"),
        )
        assert again == flag.targeting


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["on", "off", "variant", "split", "pins", "needs", "rules", "when", "serve", "attribute", "op", "value"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200)
@given(json)
def test_p12_whatever_is_sent_is_taken_or_refused_with_a_sentence(data: object) -> None:
    for parse in (
        parsed,
        lambda sent: parse_condition(sent, segments=()),
        lambda sent: parse_variants(sent, type="json"),
    ):
        try:
            parse(data)
        except Invalid as refused:
            assert refused.sentence


@pytest.mark.parametrize(
    ("type", "value", "taken"),
    [
        ("boolean", True, True),
        ("boolean", 1, Invalid),
        ("string", "a", "a"),
        ("string", 1, Invalid),
        ("string", "\udfff", Invalid),
        ("string", "x" * 20_001, Invalid),
        ("integer", 2**53 - 1, 2**53 - 1),
        ("integer", 2**53, Invalid),
        ("integer", 1.0, Invalid),
        ("integer", True, Invalid),
        ("float", 1, 1.0),
        ("float", 0.1, 0.1),
        ("float", math.inf, Invalid),
        ("float", False, Invalid),
        ("json", {"a": [1, 2.0, None]}, {"a": [1, 2.0, None]}),
        ("json", [], []),
        ("json", "text", Invalid),
        ("json", {"a": 2**60}, Invalid),
        ("json", {"a": math.nan}, Invalid),
        ("json", {"a": "x" * 20_000}, Invalid),
    ],
)
def test_a_value_is_of_its_flags_type(type: str, value: object, taken: object) -> None:
    sent = [{"name": "one", "value": value}]
    if taken is Invalid:
        with pytest.raises(Invalid) as refused:
            parse_variants(sent, type=type)
        assert refused.value.path == "0.value"
    else:
        (found,) = parse_variants(sent, type=type)
        assert repr(found["value"]) == repr(taken)


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ([], ""),
        (None, ""),
        ([{"name": "a b", "value": "x"}], "0.name"),
        ([{"name": "a" * 61, "value": "x"}], "0.name"),
        ([{"name": "a", "value": "x"}, {"name": "a", "value": "y"}], "1.name"),
        ([{"name": str(n), "value": "x"} for n in range(51)], ""),
        ([{"value": "x"}], "0.name"),
    ],
)
def test_variants_have_names_of_their_own(sent: object, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_variants(sent, type="string")
    assert refused.value.path == path


def test_a_boolean_flag_is_on_or_off_unless_told_otherwise() -> None:
    assert parse_variants(None, type="boolean") == [{"name": "on", "value": True}, {"name": "off", "value": False}]


@pytest.mark.parametrize(
    ("needs", "circle"),
    [
        ({}, []),
        ({"a": ["b"], "b": []}, []),
        ({"a": ["b", "gone"]}, []),
        ({"a": ["a"]}, ["a"]),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, ["b", "c"]),
        ({"c": ["a"], "a": ["b"], "b": ["c"], "d": ["a"]}, ["a", "b", "c"]),
    ],
)
def test_a_circle_of_needs_is_found(needs: dict[str, list[str]], circle: list[str]) -> None:
    assert need_cycle(needs) == circle


def test_a_circle_of_segments_is_found_and_harmless() -> None:
    segments: dict[str, Any] = {
        "a": {"not": {"segment": "b"}},
        "b": {"any": [{"segment": "a"}, asks()]},
        "c": {"segment": "a"},
    }
    assert segment_cycle(segments) == ["a", "b"]
    assert segment_cycle({"c": asks(), "d": {"all": [{"segment": "c"}] * 2}}) == []
    assert compile_all({}, segments) == {}


def test_segments_that_grow_without_end_are_named() -> None:
    doubling: dict[str, Any] = {"s0": asks()}
    for n in range(1, 20):
        doubling[f"s{n}"] = {"any": [{"segment": f"s{n - 1}"}] * 10}
    assert segments_too_large(doubling) == [f"s{n}" for n in range(3, 20)]
    chain: dict[str, Any] = {"s0": asks(), **{f"s{n}": {"segment": f"s{n - 1}"} for n in range(1, 10)}}
    assert segments_too_large(chain) == ["s8", "s9"]


def test_too_long_a_row_of_needs_is_named() -> None:
    row = {f"f{n}": [f"f{n + 1}"] for n in range(30)}
    assert set(needs_too_deep(row)) == {f"f{n}" for n in range(10)}
