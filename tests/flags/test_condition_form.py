"""Conditions as rows: what was shown and sent back unchanged is the same condition, and what is wrong says where."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from flags.forms.conditions import CHOICES, Conditions

SEGMENTS = {"beta", "staff"}
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n"), max_size=12)
scalars = st.one_of(texts, st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.floats(-1e9, 1e9).map(float))
tests_ = st.one_of(
    st.fixed_dictionaries({"attribute": st.just("user.plan"), "op": st.just("equals"), "value": scalars}),
    st.fixed_dictionaries(
        {"attribute": st.just("country"), "op": st.just("in"), "value": st.lists(scalars, min_size=1, max_size=4)}
    ),
    st.fixed_dictionaries({"attribute": st.just("a"), "op": st.just("starts_with"), "value": texts.filter(bool)}),
    st.fixed_dictionaries({"attribute": st.just("age"), "op": st.just("at_least"), "value": st.integers(0, 99)}),
    st.sampled_from(sorted(SEGMENTS)).map(lambda key: {"segment": key}),
)
leaves = st.one_of(tests_, tests_.filter(lambda one: one.get("op") in (None, "equals", "in")).map(lambda c: {"not": c}))
conditions = st.one_of(
    leaves,
    st.lists(leaves, min_size=2, max_size=4).map(lambda parts: {"all": parts}),
    st.lists(leaves, min_size=2, max_size=4).map(lambda parts: {"any": parts}),
    leaves.map(lambda leaf: {"all": [{"any": [leaf, {"segment": "beta"}]}, leaf]}),
)


def sent_back(shown: Conditions, **more: str) -> Conditions:
    fields: list[tuple[str, str]] = [("when-match", shown.match), ("when-json", shown.text), *more.items()]
    fields += [("when-as", "json")] if shown.as_json else []
    for row in shown.rows:
        fields += [("when-attribute", row.attribute), ("when-op", row.op), ("when-value", row.value)]
    return Conditions.sent(QueryDict(urlencode(fields)))


@given(conditions)
def test_what_was_not_touched_stays_the_same(condition: dict[str, Any]) -> None:
    read = sent_back(Conditions.of(condition)).read(segments=SEGMENTS)
    assert json.dumps(read, sort_keys=True) == json.dumps(condition, sort_keys=True), "1 is not true, nor is it 1.0"


def rows(*given_: tuple[str, str, str], match: str = "all") -> Conditions:
    fields = [("when-match", match)]
    for row in given_:
        fields += zip(("when-attribute", "when-op", "when-value"), row, strict=True)
    return Conditions.sent(QueryDict(urlencode(fields)))


def test_values_are_what_they_look_like() -> None:
    found = rows(("country", "in", "JP, KR"), ("age", "more", "18"), ("", "segment", "beta"), ("id", "equals", '"5"'))
    assert found.read(segments=SEGMENTS) == {
        "all": [
            {"attribute": "country", "op": "in", "value": ["JP", "KR"]},
            {"attribute": "age", "op": "more", "value": 18},
            {"segment": "beta"},
            {"attribute": "id", "op": "equals", "value": "5"},
        ]
    }


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("age", "more", "old"), "This must be a number"),
        (("", "equals", "x"), "An attribute is a name"),
        (("v", "equals", ""), "Say a value"),
        (("", "segment", "nobody"), "There is no segment 'nobody'"),
        (("v", "version_less", "two"), "must be a version"),
        (("v", "matches", "("), "RE2 does not take"),
        (("v", "flies", "x"), "There is no operator"),
        (("v", "equals", "1" * 5_000), "1000 characters"),
    ],
)
def test_p12_what_is_wrong_stands_at_its_row_and_nothing_is_lost(row: tuple[str, str, str], says: str) -> None:
    found = rows(("country", "equals", "JP"), ("", "equals", ""), row)
    with pytest.raises(Refused):
        found.read(segments=SEGMENTS)
    assert [one.error == "" for one in found.rows] == [True, False, True]
    assert says in found.rows[1].error and (found.rows[1].attribute, found.rows[1].value) == (row[0], row[2])


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"all": []}', "null", "[" * 5_000, '{"attribute": "a", "op": "in"}'])
def test_p12_json_that_is_no_condition_is_refused(text: str) -> None:
    found = Conditions.sent(QueryDict(urlencode({"when-as": "json", "when-json": text})))
    with pytest.raises(Refused):
        found.read(segments=SEGMENTS)
    assert found.error and found.text == text


def test_more_rows_are_asked_for_without_losing_any() -> None:
    shown = sent_back(rows(("a", "equals", "b")), **{"when-more": "1"})
    assert shown.wants_more and [row.attribute for row in shown.rows] == ["a", "", "", ""]
    with pytest.raises(Refused, match="one row at least"):
        rows().read(segments=SEGMENTS)
    assert {"equals", "not in", "segment"} <= CHOICES.keys()
