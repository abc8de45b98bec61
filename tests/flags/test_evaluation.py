"""What a user gets from a flag: tables, and the properties that must hold for every flag and user."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.weights import FULL
from flags.choices import Carrier
from flags.evaluation import ErrorCode, FlagRule, Problem, Reason, Result, bucket, evaluate, invalid

weights = st.integers(0, FULL)
seeds = st.text(min_size=1, max_size=64)
users = st.text(min_size=1)


def rule(weight: int = FULL, **fields: object) -> FlagRule:
    return FlagRule(**{"key": "typo", "seed": "s", "weight": weight, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("flag", "context", "value", "reason"),
    [
        (rule(0), {}, False, Reason.STATIC),
        (rule(FULL), {}, True, Reason.STATIC),
        (rule(FULL, enabled=False), {"targetingKey": "u"}, False, Reason.DISABLED),
        (rule(1, carrier=Carrier.BUILD, build="sha256:b"), {"build": "sha256:b"}, True, Reason.TARGETING_MATCH),
        (rule(1, carrier=Carrier.BUILD, build="sha256:b"), {"build": "sha256:a"}, False, Reason.DEFAULT),
        (rule(1, carrier=Carrier.BUILD, build="sha256:b"), {"build": ["sha256:b"]}, False, Reason.DEFAULT),
        (rule(FULL, carrier=Carrier.BUILD, build="sha256:b"), {}, False, Reason.DEFAULT),
        (rule(FULL, carrier=Carrier.BUILD, build=""), {"build": ""}, False, Reason.DEFAULT),
        (rule(0, carrier=Carrier.BUILD, build="sha256:b"), {"build": "sha256:b"}, False, Reason.STATIC),
        (rule(1, carrier=Carrier.BUILD, build="b", enabled=False), {"build": "b"}, False, Reason.DISABLED),
    ],
)
def test_it_decides(flag: FlagRule, context: dict[str, object], value: bool, reason: Reason) -> None:
    assert evaluate(flag, context) == Result(value, reason)


@pytest.mark.parametrize("context", [{}, {"targetingKey": ""}, {"user": "u-1"}])
def test_p12_a_split_flag_without_a_user_says_what_is_missing(context: dict[str, str]) -> None:
    outcome = evaluate(rule(5_000), context)
    assert isinstance(outcome, Problem)
    assert outcome.code == ErrorCode.TARGETING_KEY_MISSING


@pytest.mark.parametrize("context", [None, [], "u-1", 3, {"targetingKey": 7}, {"targetingKey": None}])
def test_p12_what_is_no_context_is_named(context: object) -> None:
    problem = invalid(context)
    assert problem and problem.code == ErrorCode.INVALID_CONTEXT


@given(seeds, users, weights, weights)
def test_p10_whoever_has_it_keeps_it_as_the_weight_grows(seed: str, user: str, one: int, other: int) -> None:
    smaller, larger = sorted((one, other))
    context = {"targetingKey": user}
    had, has = (evaluate(rule(weight, seed=seed), context) for weight in (smaller, larger))
    assert isinstance(had, Result) and isinstance(has, Result)
    assert has.value or not had.value


@given(seeds, users, weights)
def test_p10_flags_that_share_a_seed_reach_a_user_together(seed: str, user: str, weight: int) -> None:
    one, other = (rule(weight, seed=seed, key=key) for key in ("search-typo", "search-rank"))
    assert evaluate(one, {"targetingKey": user}) == evaluate(other, {"targetingKey": user})


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
