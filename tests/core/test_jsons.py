"""JSON from elsewhere: read, or refused in one way."""

import json

import pytest

from core.jsons import DEEPEST, deeper, loads


@pytest.mark.parametrize("text", ["", "{", "NaN", "[Infinity]", "[" * 5_000, "[" * 300 + "]" * 300, '{"a":' * 5_000])
def test_p12_what_is_no_json_or_too_deep_is_refused_as_one(text: str) -> None:
    with pytest.raises(ValueError):
        loads(text)


def test_what_is_deep_but_not_too_deep_is_read() -> None:
    text = "[" * DEEPEST + "]" * DEEPEST
    assert json.dumps(loads(text)) == text


@pytest.mark.parametrize(
    ("value", "deep"), [(1, 0), ("x", 0), ([], 1), ({}, 1), ([1, [2], {"a": [3]}], 3), ({"a": 1, "b": {"c": {}}}, 3)]
)
def test_depth_counts_objects_and_lists(value: object, deep: int) -> None:
    assert not deeper(value, deep)
    assert deep == 0 or deeper(value, deep - 1)
