"""P10: who has it keeps it, and flags of one release reach a user together."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.weights import FULL
from flags.evaluation import Definition, Result, bucket, compile_all, default_targeting, parse_targeting
from tests.flags import reference, worlds

PEOPLE = [f"u-{number}" for number in range(10_000)]
HALF_OF_SWEDEN = {
    "name": "Half of Sweden",
    "when": {"attribute": "country", "op": "equals", "value": "SE"},
    "serve": {"split": [["on", 50_000], ["off", 50_000]]},
}


def has(flag: Definition, context: dict[str, Any]) -> bool:
    outcome = compile_all({flag.key: flag}, {})[flag.key].evaluate(context)
    assert isinstance(outcome, Result)
    return bool(outcome.variant != flag.targeting["off"])


@given(worlds.worlds(needs=False), worlds.contexts(), worlds.users, st.integers(0, FULL), st.integers(0, FULL))
def test_p10_whoever_has_it_keeps_it_as_the_weight_grows(
    world: tuple[Any, Any], context: dict[str, Any], user: str, one: int, other: int
) -> None:
    definitions, segments = world
    less, more = sorted((one, other))
    for flag in definitions.values():
        known = {**context, "targetingKey": user}
        before, after = (
            compile_all({"a": replace(flag, key="a", weight=weight, build="sha256:b")}, segments)["a"].evaluate(known)
            for weight in (less, more)
        )
        assert isinstance(before, Result) and isinstance(after, Result)
        if before.variant != flag.targeting["off"]:
            assert (after.variant, after.value) == (before.variant, before.value)


@pytest.mark.parametrize("weight", [1, 100, 5_000, 25_000, 99_999])
def test_p10_flags_of_one_release_reach_ten_thousand_users_together(weight: int) -> None:
    release = {key: Definition(key, seed="release-7", salt=key, weight=weight) for key in ("search", "rank", "cart")}
    compiled = compile_all(release, {})
    reached = 0
    for user in PEOPLE:
        search, rank, cart = (flag.decide({"targetingKey": user}) for flag in compiled.values())
        assert search == rank == cart
        outcome = compiled["search"].outcomes[search]
        assert isinstance(outcome, Result)
        reached += outcome.value
    assert reached == sum(bucket("release-7", user) < weight for user in PEOPLE)


def test_p10_a_split_stays_with_its_users_while_the_exposure_grows() -> None:
    targeting = {**default_targeting(["a", "b", "off"]), "on": {"split": [["a", 60_000], ["b", 40_000]]}}
    variants = (("a", "A"), ("b", "B"), ("off", ""))
    given: dict[str, str] = {}
    for weight in (10_000, 40_000, FULL):
        flag = Definition("f", "string", variants, seed="s", salt="t", weight=weight, targeting=targeting)
        compiled = compile_all({"f": flag}, {})["f"]
        for user in PEOPLE[:2_000]:
            outcome = compiled.evaluate({"targetingKey": user})
            assert isinstance(outcome, Result)
            if outcome.variant != "off":
                assert given.setdefault(user, outcome.variant) == outcome.variant
            else:
                assert user not in given
    assert len(given) == 2_000
    assert 0.55 < sum(variant == "a" for variant in given.values()) / 2_000 < 0.65


def test_p10_exposure_and_split_divide_users_independently() -> None:
    """With one seed for both, whoever is exposed first would all be of the first variant."""
    first = [user for user in PEOPLE if bucket("release-7", user) < 10_000]
    share = sum(bucket("salt", user) < 50_000 for user in first) / len(first)
    assert 0.45 < share < 0.55


def test_a_rule_decides_before_the_exposure_does() -> None:
    targeting = parse_targeting({"rules": [HALF_OF_SWEDEN]}, variants=["on", "off"], segments=(), flags=())
    flag = Definition("f", seed="s", salt="t", weight=0, targeting=targeting)
    swedes = [has(flag, {"targetingKey": user, "country": "SE"}) for user in PEOPLE[:1_000]]
    assert 430 < sum(swedes) < 570
    assert not any(has(flag, {"targetingKey": user, "country": "NO"}) for user in PEOPLE[:100])


@given(st.text(max_size=12), st.text(min_size=1, max_size=12))
def test_p10_a_bucket_is_what_the_written_out_hash_gives(seed: str, user: str) -> None:
    assert bucket(seed, user) == reference.bucket(seed, user)
