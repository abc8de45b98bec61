"""What changed, in words: nothing where nothing did, and something wherever anything did."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.chain import canonical
from flags import diff
from flags.diff import changes
from flags.evaluation import Invalid, parse_variants, phrases
from flags.evaluation.phrases import text_of
from tests.flags.worlds import ANY, world

PLAIN: Mapping[str, Any] = {"on": {"variant": "on"}, "off": "off", "pins": {}, "needs": [], "rules": []}
STAFF = {"name": "Staff", "when": {"attribute": "group", "op": "equals", "value": "staff"}, "serve": {"variant": "on"}}
ASIA = {"name": "", "when": {"attribute": "country", "op": "in", "value": ["JP"]}, "serve": {"variant": "on"}}
BETA = {"name": "Beta", "when": {"segment": "beta"}, "serve": {"split": [["on", 60_000], ["off", 40_000]]}}


def flag(targeting: Mapping[str, Any] | None = None, **facts: Any) -> dict[str, Any]:
    plain = {
        "type": "boolean",
        "variants": [{"name": "on", "value": True}, {"name": "off", "value": False}],
        "seed": "seed",
        "salt": "salt",
        "enabled": True,
        "withheld": False,
        "carrier": "percentage",
        "weight": 0,
        "build": "",
    }
    return {**plain, **facts, "targeting": {**PLAIN, **(targeting or {})}}


def told(before: Mapping[str, Any], after: Mapping[str, Any], **segments: Any) -> list[str]:
    said = []
    for change in changes(before, after, **segments):
        for line in change.lines:
            said.append(f"{change.title} | {line.what} | {line.before} → {line.after}".replace("\u00a0", " "))
    return said


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (flag(weight=25_000), flag(weight=50_000), ["Everyone else |  | 25 % → 50 %"]),
        (
            flag(weight=1),
            flag(weight=1, carrier="build", build="sha256:2"),
            ["Everyone else |  | 0.001 % → whom build sha256:2 serves (0.001 %)"],
        ),
        (flag(), flag(enabled=False), ["Kill switch |  | it decides → off for everybody"]),
        (flag(withheld=True), flag(), ["Withheld |  | withheld from everybody → its pins and rules decide"]),
        (
            flag({"rules": [STAFF, ASIA]}),
            flag({"rules": [STAFF, {**ASIA, "when": {**ASIA["when"], "value": ["JP", "KR"]}}]}),  # type: ignore[dict-item]
            ["Rules | rule 2 | country is JP → country is JP or KR"],
        ),
        (
            flag({"rules": [STAFF]}),
            flag({"rules": [{**STAFF, "serve": BETA["serve"]}]}),
            ["Rules | rule 1 gives | on → 60 % on, 40 % off"],
        ),
        (
            flag({"rules": [STAFF]}),
            flag({"rules": [{**STAFF, "name": ""}]}),
            ["Rules | rule 1, name | Staff → no name"],
        ),
        (
            flag({"rules": [STAFF]}),
            flag({"rules": [ASIA, STAFF]}),
            ["Rules | rule 1, new |  → country is JP → on"],
        ),
        (
            flag({"rules": [STAFF, ASIA]}),
            flag({"rules": [ASIA]}),
            ["Rules | rule 1, gone | Staff: group is staff → on → "],
        ),
        (
            flag({"rules": [STAFF, ASIA, BETA]}),
            flag({"rules": [BETA, STAFF, ASIA]}),
            ["Rules | order |  → rule 3 is rule 1, rule 1 is rule 2, rule 2 is rule 3"],
        ),
        (
            flag({"pins": {"u-1": "on", "u-2": "on"}}),
            flag({"pins": {"u-2": "off", "5": "on"}}),
            ['Pins | "5" |  → on', "Pins | u-1 | on → ", "Pins | u-2 | on → off"],
        ),
        (
            flag({"needs": [{"flag": "index", "variants": ["on"]}]}),
            flag({"needs": [{"flag": "index", "variants": ["on", "beta"]}]}),
            ["Needs | index | to give on → to give on or beta"],
        ),
        (flag(), flag({"off": "on"}), ["Otherwise |  | off → on"]),
        (
            flag(),
            flag(variants=[{"name": "on", "value": 1}, {"name": "off", "value": False}]),
            ["Values | on | true → 1"],
        ),
    ],
)
def test_a_change_reads_as_what_it_changes(before: dict[str, Any], after: dict[str, Any], says: list[str]) -> None:
    assert told(before, after) == says
    assert told(after, after) == []


def test_a_segment_that_changed_under_a_rule_is_told() -> None:
    same = flag({"rules": [BETA]})
    was, now = {"beta": STAFF["when"], "x": STAFF["when"]}, {"beta": {"not": STAFF["when"]}}
    assert told(same, same, segments_before=was, segments_after=now) == [
        "Segments | beta | group is staff → group is not staff"
    ]


def test_what_reads_the_same_is_still_told() -> None:
    many = [str(f"u-{number}") for number in range(30)]
    before, after = ({**ASIA, "when": {**ASIA["when"], "value": values}} for values in (many, [*many[:-1], "u-x"]))  # type: ignore[dict-item]
    (line,) = changes(flag({"rules": [before]}), flag({"rules": [after]}))[0].lines
    assert "22 more" in line.before and line.after.endswith("(other values)")


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_nothing_is_told_if_and_only_if_nothing_changed(one: int, other: int) -> None:
    before, after = (_complete(world(seed, ANY, needs=True)[0]["a"]) for seed in (one, other))
    assert (changes(before, after) == []) == (canonical(before) == canonical(after))
    assert changes(before, before) == []


def _complete(definition: Any) -> dict[str, Any]:
    fields = asdict(definition)
    fields["variants"] = [{"name": name, "value": value} for name, value in definition.variants]
    return {name: fields[name] for name in flag()}


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ({"attribute": "user.country", "op": "in", "value": ["JP", "KR"]}, "user.country is JP or KR"),
        ({"not": {"attribute": "v", "op": "contains", "value": "x"}}, "v does not contain x"),
        ({"not": {"attribute": "n", "op": "less", "value": 3}}, "n is not less than 3"),
        ({"attribute": "id", "op": "equals", "value": "5"}, 'id is "5"'),
        (
            {"not": {"any": [{"segment": "a"}, {"not": {"segment": "b"}}]}},
            "not (in the segment a or not in the segment b)",
        ),
        (
            {"all": [{"segment": "a"}, {"any": [{"segment": "b"}, {"segment": "c"}]}]},
            "in the segment a and (in the segment b or in the segment c)",
        ),
    ],
)
def test_a_condition_reads_as_a_sentence(condition: dict[str, Any], says: str) -> None:
    assert phrases.plain(phrases.condition(condition)) == says


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        (flag(), "off"),
        (flag(weight=25_000), "25 % on / 75 % off"),
        (flag(weight=100_000), "on"),
        (flag(weight=100_000, carrier="build"), "off"),
        (flag(weight=5_000, carrier="build", build="b2"), "whom build b2 serves, now 5 %: on / the rest: off"),
        (flag({"on": BETA["serve"]}, weight=50_000), "50 % (60 % on, 40 % off) / 50 % off"),
    ],
)
def test_everyone_else_reads_as_shares(definition: dict[str, Any], says: str) -> None:
    assert phrases.plain(phrases.exposure(definition)).replace("\u00a0", " ") == says


def test_a_long_list_of_pins_is_cut_short() -> None:
    pins = {f"u-{number}": "on" for number in range(40)}
    (change,) = changes(flag(), flag({"pins": pins}))
    assert len(change.lines) == diff.LINES and change.more == 40 - diff.LINES


@pytest.mark.parametrize("text", ["[" * 5_000, "[" * 300 + "]" * 300, "[1]", "12", "NaN", "plain"])
def test_any_text_can_be_said(text: str) -> None:
    """Also one that a reader of JSON would choke on; what means something else is quoted."""
    assert text_of(text) == (json.dumps(text) if text in ("[1]", "12") else text)


def test_p12_a_value_that_nests_too_deep_is_refused() -> None:
    value: object = []
    for _ in range(245):
        value = [value]
    with pytest.raises(Invalid, match="too deep"):
        parse_variants([{"name": "a", "value": value}], type="json")
