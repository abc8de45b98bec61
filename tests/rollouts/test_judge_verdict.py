"""The verdict as a decision table: what must be there for a pass, and what the judge says when it is not."""

import math
from dataclasses import replace
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.judge import Basis, Counts, Kind, Observation, Params, Side, State, Threshold, fold, verdict
from rollouts.judge.verdict import _number, _percent

PARAMS = Params(since=0.0, grace=0.0, min_users=10, stale_after=30.0)
COUNTERS = replace(PARAMS, basis=Basis.COUNTERS)
NOW = 100.0


def crowd(canary: int, stable: int, at: float = NOW, bad_canary: int = 0, bad_stable: int = 0) -> list[Observation]:
    """So many users a side, of whom the first few fail."""
    seen = [Observation(number, Side.CANARY, at, False) for number in range(canary)]
    seen += [Observation(1000 + number, Side.STABLE, at, False) for number in range(stable)]
    seen += [Observation(number, Side.CANARY, at + number / 100, True) for number in range(bad_canary)]
    return seen + [Observation(1000 + number, Side.STABLE, at + number / 100, True) for number in range(bad_stable)]


HEALTHY = crowd(40, 60, bad_canary=2, bad_stable=3)


@pytest.mark.parametrize(
    ("seen", "now", "kind", "words"),
    [
        ([], NOW, Kind.NO_DATA, "No canary traffic has been seen yet."),
        (crowd(40, 0), NOW, Kind.NO_DATA, "No stable traffic has been seen yet."),
        (crowd(0, 60), NOW, Kind.NO_DATA, "No canary traffic has been seen yet."),
        (HEALTHY, NOW + 1, Kind.PASS, "5 % of canary users and 5 % of stable ones affected"),
        (HEALTHY, NOW + 45, Kind.NO_DATA, "No canary traffic for 45\u00a0s."),
        (
            [*HEALTHY, *crowd(0, 60, NOW + 60)],
            NOW + 61,
            Kind.NO_DATA,
            "No canary traffic for 1\u00a0min\u00a01\u00a0s.",
        ),
        (
            [*HEALTHY, *crowd(40, 0, NOW + 60)],
            NOW + 61,
            Kind.NO_DATA,
            "No stable traffic for 1\u00a0min\u00a01\u00a0s.",
        ),
        (HEALTHY, NOW - 60, Kind.NO_DATA, "dated 1\u00a0min ahead"),
        (crowd(9, 60), NOW, Kind.INCONCLUSIVE, "Only 9 of at least 10 canary users"),
        (crowd(40, 9), NOW, Kind.INCONCLUSIVE, "Only 9 of at least 10 stable users"),
        (crowd(12, 60, bad_canary=12, bad_stable=12), NOW, Kind.FAIL, "evidence of harm"),
        (crowd(3, 40, bad_canary=3), NOW, Kind.NO_DATA, "No canary users are left to compare: all 3 were affected"),
        (crowd(40, 60, bad_canary=6), NOW, Kind.INCONCLUSIVE, "Evidence of harm is building"),
        (crowd(40, 60, bad_stable=40), NOW, Kind.PASS, "no evidence of harm"),
    ],
)
def test_p3_only_enough_fresh_data_of_both_sides_passes(
    seen: list[Observation], now: float, kind: Kind, words: str
) -> None:
    said = verdict(fold(State(), seen, PARAMS), PARAMS, now)
    assert (said.kind, words in said.reason) == (kind, True), said.reason
    assert said.may_roll_back == (kind is Kind.FAIL)
    assert said.reason.endswith(".")


def test_p3_a_source_that_could_not_be_read_is_no_data_and_never_a_rollback() -> None:
    said = verdict(fold(State(), HEALTHY, PARAMS), PARAMS, NOW, problem="No answer.")
    assert (said.kind, said.may_roll_back) == (Kind.NO_DATA, False)
    assert "No answer." in said.reason


def test_p3_nothing_passes_right_after_a_change_of_weight() -> None:
    grown = replace(PARAMS, since=NOW)
    state = fold(State(), HEALTHY, PARAMS)
    assert verdict(state, grown, NOW + 1).kind is Kind.INCONCLUSIVE
    assert verdict(fold(state, [], grown), grown, NOW + 1).kind is Kind.NO_DATA


def test_p3_nothing_passes_where_nothing_judges() -> None:
    neither = replace(PARAMS, compare=False)
    assert verdict(fold(State(), HEALTHY, neither), neither, NOW).kind is Kind.INCONCLUSIVE


def test_proof_of_harm_outlives_the_loss_of_data() -> None:
    state = fold(State(), crowd(40, 60, bad_canary=20), PARAMS)
    said = verdict(state, PARAMS, NOW + 3600, problem="No answer.")
    assert (said.kind, said.may_roll_back) == (Kind.FAIL, True)
    assert said.e_value >= said.bound
    assert said.since is not None
    assert NOW <= said.since < NOW + 1


def counted(*numbers: tuple[float, int, int, int, int]) -> State:
    state = State()
    for each in numbers:
        state = fold(state, Counts(*each), COUNTERS)
    return state


def test_counters_may_fail_a_comparison_but_not_roll_back_on_it() -> None:
    said = verdict(counted((1, 0, 0, 0, 0), (90, 900, 100, 2000, 20)), COUNTERS, NOW)
    assert (said.kind, said.may_roll_back) == (Kind.FAIL, False)
    assert "assumes independent requests" in said.reason


def test_counters_that_agree_pass_and_say_what_they_assume() -> None:
    said = verdict(counted((1, 0, 0, 0, 0), (90, 990, 10, 1980, 20)), COUNTERS, NOW)
    assert said.kind is Kind.PASS
    assert "assumes independent requests" in said.reason


def test_counters_roll_back_by_an_absolute_threshold() -> None:
    params = replace(COUNTERS, compare=False, threshold=Threshold(limit=0.05, breach_seconds=20.0))
    state = State()
    for second in range(1, 100, 5):
        state = fold(state, Counts(second, 80, 20, 1000, 0), params)
    said = verdict(state, params, NOW)
    assert (said.kind, said.may_roll_back) == (Kind.FAIL, True)
    assert "above the limit of 5 %" in said.reason


@pytest.mark.parametrize(
    "counts",
    [
        Counts(90, canary_good=-1, stable_good=10),
        Counts(math.nan, canary_good=100, stable_good=100),
        Counts(90, canary_good=math.nan, stable_good=100),  # type: ignore[arg-type]
        Counts(90, canary_good=0, stable_good=100),
        Counts(90, canary_good=100, stable_good=0),
    ],
)
def test_p3_counters_that_make_no_sense_or_stand_still_never_pass(counts: Counts) -> None:
    state = fold(counted((1, 0, 0, 0, 0)), counts, COUNTERS)
    assert verdict(state, COUNTERS, NOW).kind is Kind.NO_DATA


@given(
    canary=st.lists(st.tuples(st.floats(allow_nan=True), st.booleans()), max_size=30),
    stable=st.lists(st.tuples(st.floats(allow_nan=True), st.booleans()), max_size=30),
    now=st.floats(0, 2000),
)
def test_p3_a_pass_always_has_fresh_users_of_both_sides(
    canary: list[tuple[float, bool]], stable: list[tuple[float, bool]], now: float
) -> None:
    seen = [Observation(number, Side.CANARY, at, bad) for number, (at, bad) in enumerate(canary)]
    seen += [Observation(99 + number, Side.STABLE, at, bad) for number, (at, bad) in enumerate(stable)]
    said = verdict(fold(State(), seen, PARAMS), PARAMS, now)
    for side in (canary, stable):
        fresh = [at for at, _ in side if math.isfinite(at) and abs(at - now) <= PARAMS.stale_after]
        if not fresh or len(side) < PARAMS.min_users:
            assert said.kind is not Kind.PASS
    assert math.isfinite(said.e_value)


@pytest.mark.parametrize(
    ("share", "says"),
    [(0.0, "0 %"), (0.02, "2 %"), (0.02346, "2.35 %"), (0.1234, "12.3 %"), (1.0, "100 %"), (0.00004, "0.004 %")],
)
def test_shares_are_for_people(share: float, says: str) -> None:
    assert _percent(share) == says


@pytest.mark.parametrize(
    ("number", "says"), [(2_610.4, "2\u00a0610"), (80.0, "80"), (1.234, "1.2"), (3e9, "over 1\u00a0000\u00a0000")]
)
def test_evidence_is_for_people(number: float, says: str) -> None:
    assert _number(log(number)) == says
