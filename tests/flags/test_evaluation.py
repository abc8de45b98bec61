"""What a user gets from a flag: the decision table, and how buckets divide users."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.weights import FULL
from flags.evaluation import (
    OPERATOR_WORDS,
    Definition,
    ErrorCode,
    Problem,
    Reason,
    Result,
    bucket,
    compile_all,
    default_targeting,
    invalid,
    parse_targeting,
    parse_variants,
)
from flags.evaluation.buckets import first_hash, hashed
from flags.evaluation.dates import instant
from flags.evaluation.operators import OPERATORS
from flags.evaluation.versions import precedence
from tests.flags import reference

weights = st.integers(0, FULL)
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


PAGE = (Path(__file__).parents[2] / "docs" / "flags-evaluation.md").read_text()


def test_the_published_buckets_hold() -> None:
    rows = re.findall(r"^\| `(.*?)` \| `(.*?)` \| (\d+) \|$", PAGE, re.MULTILINE)
    assert len(rows) >= 9
    for seed, user, expected in rows:
        assert bucket(seed, user) == int(expected)
    first = re.search(r"of `release-7:u-1`, is (\d+)", PAGE)
    assert first and hashed(b"release-7:u-1") == int(first[1])


def test_the_published_example_holds() -> None:
    """Both ways: what is published is also what the reference gives."""
    told = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    rows = re.findall(r"^\| `(\{.*\})` \| (?:`(\w+)`)? *\| `(\w+)` \|$", PAGE, re.MULTILINE)
    assert told and len(rows) >= 9
    flag = json.loads(told[1])
    variants = flag.pop("variants")
    flag["targeting"] = parse_targeting(flag["targeting"], variants=list(variants), segments=(), flags=())
    definition = Definition("colour", "string", tuple(variants.items()), **flag)
    compiled = compile_all({"colour": definition}, {})["colour"]
    for context, variant, reason in rows:
        for outcome in (
            compiled.evaluate(json.loads(context)),
            reference.evaluate("colour", {"colour": definition}, {}, json.loads(context)),
        ):
            said = outcome.code if isinstance(outcome, Problem) else outcome.reason
            assert (getattr(outcome, "variant", ""), said) == (variant, reason)


def test_every_operator_is_on_the_page() -> None:
    assert all(f"`{operator}`" in PAGE for operator in OPERATORS)
    assert OPERATORS.keys() == OPERATOR_WORDS.keys()


@pytest.mark.parametrize(
    ("type", "value", "written"),
    [
        ("float", 1, b'"value":1.0,'),
        ("float", 0.25, b'"value":0.25,'),
        ("integer", 1, b'"value":1,'),
        ("boolean", True, b'"value":true,'),
        ("string", 'Zoë"', '"value":"Zoë\\"",'.encode()),
        ("json", {"a": [1, 2.0]}, b'"value":{"a":[1,2.0]},'),
    ],
)
def test_an_answer_is_written_as_its_type_wants(type: str, value: Any, written: bytes) -> None:
    (variant,) = parse_variants([{"name": "only", "value": value}], type=type)
    targeting = default_targeting(["only"])
    flag = Definition("f", type, ((variant["name"], variant["value"]),), targeting=targeting, metadata={"release": "7"})
    compiled = compile_all({"f": flag}, {})["f"]
    assert compiled.fragments[compiled.decide({})] == (
        b'{"key":"f",' + written + b'"variant":"only","reason":"STATIC","metadata":{"release":"7"}}'
    )


def test_a_problem_is_written_with_its_code_and_its_words() -> None:
    compiled = compile_all({"f": Definition("f", weight=1)}, {})["f"]
    assert compiled.fragments[compiled.decide({})] == (
        b'{"key":"f","errorCode":"TARGETING_KEY_MISSING",'
        b'"errorDetails":"f is split by user: the context needs a targetingKey."}'
    )


ORDERED = ["1.0.0-alpha", "v1.0-alpha.1", "1.0.0-alpha.beta", "1-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1-rc.1", "1"]


@pytest.mark.parametrize(("one", "other"), itertools.pairwise([*ORDERED, "V1.0.1", "1.2", "1.10.0-0", "2", "10"]))
def test_versions_stand_in_the_order_that_semver_gives_them(one: str, other: str) -> None:
    smaller, larger = precedence(one), precedence(other)
    assert smaller is not None and larger is not None and smaller < larger


@pytest.mark.parametrize("text", ["", "v", "1.2.3.4", "01.2.3", "1.2.x", "one", "1.2.3-", "²", "1" * 300])
def test_what_is_no_version_fits_nothing(text: str) -> None:
    assert precedence(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026-11-23", "2026-11-23T00:00:00Z"),
        ("2026-11-23T10:00", "2026-11-23 10:00:00.000+00:00"),
        ("2026-11-23T10:00:00+01:00", "2026-11-23T09:00:00z"),
        ("2026-11-23T10:00:00.123456789Z", "2026-11-23T10:00:00.123456Z"),
        ("2026-11-23T23:30-0130", "2026-11-24T01:00Z"),
        ("0001-01-01T00:00+23:59", "0001-01-01T00:00+23:59"),
    ],
)
def test_one_moment_may_be_written_in_many_ways(one: str, other: str) -> None:
    assert instant(one) is not None
    assert instant(one) == instant(other)


@pytest.mark.parametrize(
    "text", ["", "2026", "20261123", "2026-W48-1", "2026-11-31", "2026-11-23T25:00", "2026-11-23T10:00+24:00", "x" * 99]
)
def test_what_is_no_date_fits_nothing(text: str) -> None:
    assert instant(text) is None


@given(weights, st.integers(0, 2**32 - 1))
def test_comparing_hashes_is_comparing_buckets(weight: int, hashed: int) -> None:
    assert (hashed < first_hash(weight)) == ((hashed * FULL) >> 32 < weight)


@pytest.mark.parametrize("weight", [1, 5_000, 33_333, 99_999, FULL])
def test_the_first_hash_of_a_weight_is_exact(weight: int) -> None:
    first = first_hash(weight)
    assert ((first - 1) * FULL) >> 32 < weight <= (first * FULL) >> 32
