"""What a user gets from a flag: the decision table, and how buckets divide users."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.weights import FULL
from flags.evaluation import (
    Definition,
    ErrorCode,
    Problem,
    Reason,
    Result,
    bucket,
    compile_all,
    default_targeting,
    invalid,
)

seeds = st.text(min_size=1, max_size=64)
users = st.text(min_size=1)

BUILD = {"carrier": "build", "build": "sha256:b"}
STAFF = {"name": "Staff", "when": {"attribute": "staff", "op": "equals", "value": True}, "serve": {"variant": "on"}}
HALVES = {"split": [["on", 50_000], ["off", 50_000]]}


def evaluated(fields: dict[str, Any], context: dict[str, Any]) -> Result | Problem:
    targeting = {**default_targeting(["on", "off"]), **fields.pop("targeting", {})}
    flag = Definition("typo", seed="s", salt="t", targeting=targeting, **fields)
    return compile_all({"typo": flag}, {})["typo"].evaluate(context)


@pytest.mark.parametrize(
    ("fields", "context", "value", "reason"),
    [
        ({"enabled": False, "weight": FULL}, {"targetingKey": "u"}, False, Reason.DISABLED),
        ({"enabled": False, "targeting": {"pins": {"u": "on"}}}, {"targetingKey": "u"}, False, Reason.DISABLED),
        ({"withheld": True, "targeting": {"pins": {"u": "on"}}}, {"targetingKey": "u"}, False, Reason.STATIC),
        ({"weight": 0}, {}, False, Reason.STATIC),
        ({"weight": FULL}, {}, True, Reason.STATIC),
        ({"targeting": {"needs": [{"flag": "gone", "variants": ["on"]}]}, "weight": FULL}, {}, False, Reason.DEFAULT),
        ({"targeting": {"pins": {"u": "on"}}}, {"targetingKey": "u"}, True, Reason.TARGETING_MATCH),
        ({"targeting": {"pins": {"u": "on"}}}, {"targetingKey": "v"}, False, Reason.DEFAULT),
        ({"targeting": {"pins": {"u": "off"}}, "weight": FULL}, {"targetingKey": "v"}, True, Reason.DEFAULT),
        ({"targeting": {"rules": [STAFF]}}, {"staff": True}, True, Reason.TARGETING_MATCH),
        ({"targeting": {"rules": [STAFF]}}, {"staff": 1}, False, Reason.DEFAULT),
        ({"targeting": {"rules": [{**STAFF, "serve": HALVES}]}}, {"staff": True, "targetingKey": "u-1"}, True, "SPLIT"),
        ({"targeting": {"on": HALVES}, "weight": FULL}, {"targetingKey": "u-1"}, True, Reason.SPLIT),
        ({**BUILD, "weight": 1}, {"build": "sha256:b"}, True, Reason.TARGETING_MATCH),
        ({**BUILD, "weight": 1}, {"build": "sha256:a"}, False, Reason.DEFAULT),
        ({**BUILD, "weight": 1}, {"build": ["sha256:b"]}, False, Reason.DEFAULT),
        ({**BUILD, "weight": FULL}, {}, False, Reason.DEFAULT),
        ({**BUILD, "build": "", "weight": FULL}, {"build": ""}, False, Reason.DEFAULT),
        ({**BUILD, "weight": 0}, {"build": "sha256:b"}, False, Reason.DEFAULT),
        ({**BUILD, "weight": 1, "enabled": False}, {"build": "sha256:b"}, False, Reason.DISABLED),
    ],
)
def test_it_decides(fields: dict[str, Any], context: dict[str, Any], value: bool, reason: Reason) -> None:
    assert evaluated(dict(fields), context) == Result(value, "on" if value else "off", reason)


@pytest.mark.parametrize("context", [{}, {"targetingKey": ""}, {"user": "u-1"}])
@pytest.mark.parametrize("fields", [{"weight": 5_000}, {"weight": FULL, "targeting": {"on": HALVES}}])
def test_p12_a_split_flag_without_a_user_says_what_is_missing(fields: dict[str, Any], context: dict[str, str]) -> None:
    outcome = evaluated(dict(fields), context)
    assert isinstance(outcome, Problem)
    assert outcome.code == ErrorCode.TARGETING_KEY_MISSING


@pytest.mark.parametrize("context", [None, [], "u-1", 3, {"targetingKey": 7}, {"targetingKey": None}])
def test_p12_what_is_no_context_is_named(context: object) -> None:
    problem = invalid(context)
    assert problem and problem.code == ErrorCode.INVALID_CONTEXT


@given(seeds, users)
def test_p10_a_bucket_is_stable_and_in_range(seed: str, user: str) -> None:
    assert bucket(seed, user) == bucket(seed, user)
    assert 0 <= bucket(seed, user) < FULL


@pytest.mark.parametrize("weight", [1_000, 5_000, 25_000, 50_000])
def test_p10_a_weight_reaches_its_share_of_users(weight: int) -> None:
    users = 20_000
    reached = sum(bucket("release-7", f"u-{number}") < weight for number in range(users))
    expected = users * weight / FULL
    deviation = (expected * (1 - weight / FULL)) ** 0.5
    assert abs(reached - expected) < 4 * deviation


def test_two_seeds_divide_users_independently() -> None:
    both = sum(bucket("a", f"u-{n}") < 50_000 and bucket("b", f"u-{n}") < 50_000 for n in range(20_000))
    assert 4_700 < both < 5_300


def test_the_published_vectors_hold() -> None:
    page = (Path(__file__).parents[2] / "docs" / "flags.md").read_text()
    rows = re.findall(r"^\| `(.*?)` \| `(.*?)` \| (\d+) \|$", page, re.MULTILINE)
    assert len(rows) >= 6
    for seed, user, expected in rows:
        assert bucket(seed, user) == int(expected)
