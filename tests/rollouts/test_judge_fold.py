"""Folding: any split of the stream gives the same state, nothing counts twice, and the evidence is the formula's."""

import json
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.judge import Counts, Observation, Params, Side, State, Threshold, acknowledged, fold, verdict
from rollouts.judge.evidence import EPOCH_SECONDS, HAZARD_RATIOS, log_bound, log_e_value
from rollouts.judge.state import CANARY, STABLE

PARAMS = Params(since=0.0, grace=0.0, threshold=Threshold(limit=0.5, min_volume=3))

observations = st.lists(
    st.builds(
        Observation,
        user=st.integers(0, 12),
        side=st.sampled_from(list(Side)),
        at=st.floats(-10, 3 * EPOCH_SECONDS, allow_nan=False),
        bad=st.booleans(),
    ),
    max_size=60,
)


def through_json(state: State) -> State:
    """As the engine keeps it between ticks."""
    return State.load(json.loads(json.dumps(state.dump(), allow_nan=False)))


def canary(user: int, at: float, bad: bool = False) -> Observation:
    return Observation(user, Side.CANARY, at, bad)


def stable(user: int, at: float, bad: bool = False) -> Observation:
    return Observation(user, Side.STABLE, at, bad)


@given(seen=observations, cuts=st.sets(st.integers(0, 60)))
def test_any_split_of_a_stream_gives_the_same_state(seen: list[Observation], cuts: set[int]) -> None:
    seen.sort(key=lambda one: (one.at, one.user, one.side, one.bad))
    state = State()
    for start, end in pairwise([0, *sorted(cut for cut in cuts if cut <= len(seen)), len(seen)]):
        state = through_json(fold(state, seen[start:end], PARAMS))
    assert state == fold(State(), seen, PARAMS)


@given(seen=observations, data=st.data())
def test_order_within_a_batch_does_not_matter(seen: list[Observation], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(seen))
    assert fold(State(), shuffled, PARAMS) == fold(State(), seen, PARAMS)


@given(first=observations, second=observations)
def test_a_fold_leaves_what_it_was_given_alone(first: list[Observation], second: list[Observation]) -> None:
    state = fold(State(), first, PARAMS)
    before = json.dumps(state.dump())
    fold(state, second, PARAMS)
    assert json.dumps(state.dump()) == before


@given(seen=observations, since=st.sampled_from([0.0, 700.0]))
def test_the_counts_at_risk_are_those_of_the_users_and_evidence_is_a_positive_number(
    seen: list[Observation], since: float
) -> None:
    state = fold(State(), seen, PARAMS)
    state = fold(state, seen, Params(since=since, grace=0.0, threshold=PARAMS.threshold))
    for side in (STABLE, CANARY):
        assert state.at_risk[side] == sum(code & 1 == side and code < 4 for code in state.users.values())
        assert 0 <= state.affected[side] <= state.seen[side]
    e_value = math.exp(log_e_value(state.products))
    assert 0 < e_value < math.inf


@given(seen=observations)
def test_p8_the_same_reading_folded_twice_adds_no_evidence(seen: list[Observation]) -> None:
    """Compare-and-set on the cursor prevents a second fold; were it to fail, a user still counts once."""
    seen = [one for one in seen if 0 <= one.at < EPOCH_SECONDS and (one.user % 2 == 0) == (one.side == Side.CANARY)]
    once = fold(State(), seen, PARAMS)
    twice = fold(once, seen, PARAMS)
    late = [one for one in seen if one.bad and once.users[one.user] & ~1 == 4]
    assert sum(twice.affected) == sum(once.affected) == len({one.user for one in late})
    assert twice.products == once.products


def test_the_evidence_is_the_average_of_the_running_products() -> None:
    seen = [canary(1, 1), canary(2, 1), *(stable(user, 1) for user in range(3, 9))]
    state = fold(State(), [*seen, canary(1, 2, bad=True), stable(5, 3, bad=True)], PARAMS)
    expected = 0.0
    for ratio in HAZARD_RATIOS:
        first, second = 2 / 8, 1 / 7
        expected += ratio / (ratio * first + 1 - first) / (ratio * second + 1 - second) / len(HAZARD_RATIOS)
    assert math.exp(log_e_value(state.products)) == pytest.approx(expected)


def test_one_user_counts_once_in_an_epoch_however_often_they_fail() -> None:
    seen = [canary(1, 1), stable(2, 1)]
    once = fold(State(), [*seen, canary(1, 2, bad=True)], PARAMS)
    often = fold(once, [canary(1, 3 + tenth / 10, bad=True) for tenth in range(50)], PARAMS)
    assert often.products == once.products
    assert often.affected == [0, 1]


def test_where_less_is_bad_the_same_events_on_stable_are_the_harm() -> None:
    everyone = [canary(1, 1), canary(2, 1), stable(3, 1), stable(4, 1)]
    more = fold(State(), [*everyone, canary(1, 2, bad=True)], PARAMS)
    less = fold(State(), [*everyone, stable(3, 2, bad=True)], Params(since=0.0, grace=0.0, less_is_bad=True))
    assert log_e_value(less.products) == pytest.approx(log_e_value(more.products))
    assert log_e_value(less.products) > 0


def test_a_tolerated_hazard_ratio_asks_for_more_evidence() -> None:
    seen = [canary(1, 1), stable(2, 1), stable(3, 1), canary(1, 2, bad=True)]
    strict, lenient = (
        fold(State(), seen, Params(since=0.0, grace=0.0, tolerance=tolerance)) for tolerance in (0.0, 0.5)
    )
    assert 0 < log_e_value(lenient.products) < log_e_value(strict.products)


def test_an_epoch_starts_with_everyone_seen_in_the_one_before_rearmed() -> None:
    state = fold(State(), [canary(1, 1, bad=True), stable(2, 1), stable(3, 1)], PARAMS)
    state = fold(state, [stable(2, EPOCH_SECONDS + 1)], PARAMS)
    assert (state.epoch, state.opened, state.at_risk, state.seen) == (2, EPOCH_SECONDS, [2, 1], [1, 0])
    assert log_e_value(state.products) == 0
    state = fold(state, [stable(2, 2 * EPOCH_SECONDS)], PARAMS)
    assert (state.epoch, state.at_risk) == (3, [1, 0])


def test_after_an_epoch_of_silence_nobody_counts_as_recently_seen() -> None:
    state = fold(State(), [canary(1, 1), stable(2, 1)], PARAMS)
    state = fold(state, [stable(3, 2.5 * EPOCH_SECONDS)], PARAMS)
    assert (state.epoch, state.opened, state.at_risk) == (2, 2 * EPOCH_SECONDS, [1, 0])


def test_growth_starts_an_epoch_in_which_a_user_who_changed_sides_counts_where_they_are() -> None:
    state = fold(State(), [stable(1, 1), stable(2, 1), canary(3, 1, bad=True)], PARAMS)
    grown = Params(since=100.0, grace=5.0)
    state = fold(state, [stable(1, 99.0, bad=True), stable(1, 104.0, bad=True)], grown)
    assert (state.epoch, state.opened, state.at_risk) == (2, 105.0, [0, 0])
    state = fold(state, [canary(1, 106), stable(2, 106), canary(3, 107)], grown)
    assert state.at_risk == [1, 2]
    assert log_e_value(state.products) == 0


def test_a_start_that_was_only_rounded_does_not_restart_the_evidence() -> None:
    state = fold(State(), [canary(1, 1763843502.5), stable(2, 1763843502.5)], Params(since=1763843401.123457))
    state = fold(state, [], Params(since=1763843406.123457 - 5.0000002))
    assert (state.epoch, state.at_risk) == (1, [1, 1])


def test_a_user_seen_on_both_sides_of_an_epoch_leaves_it_without_an_event() -> None:
    seen = [canary(1, 1), stable(2, 1), stable(1, 2, bad=True), canary(1, 3, bad=True)]
    state = fold(State(), seen, PARAMS)
    assert (state.at_risk, state.affected) == ([1, 0], [0, 0])
    assert log_e_value(state.products) == 0


def test_what_happened_during_the_warm_up_is_left_out() -> None:
    params = Params(since=0.0, grace=5.0, warm_until=60.0)
    state = fold(State(), [canary(1, 30, bad=True), stable(2, 30)], params)
    assert state.users == {}
    assert fold(state, [canary(1, 61), stable(2, 61)], params).at_risk == [1, 1]


def test_the_levels_of_all_epochs_add_up_to_alpha_and_are_shared_by_the_kpis() -> None:
    shared = Params(since=0.0, alpha=0.05, kpis=2)
    levels = [math.exp(-log_bound(epoch, shared)) for epoch in range(1, 200_000)]
    assert sum(levels) == pytest.approx(0.025, rel=1e-3)
    assert sum(levels) < 0.025
    assert all(later < earlier for earlier, later in pairwise(levels))


def test_the_alarm_sounds_at_the_event_that_reaches_the_bound_and_stands_until_acknowledged() -> None:
    everyone = [*(canary(user, 1) for user in range(20)), *(stable(user, 1) for user in range(20, 100))]
    failures = [canary(user, 2 + user, bad=True) for user in range(20)]
    state = fold(State(), everyone + failures, PARAMS)
    assert state.alarm is not None
    assert state.alarm.at < 21
    assert state.alarm.log_e >= state.alarm.log_bound
    later = fold(state, [stable(50, 5 * EPOCH_SECONDS)], PARAMS)
    assert later.alarm == state.alarm
    cleared = acknowledged(later, PARAMS)
    assert (cleared.alarm, cleared.epoch) == (None, later.epoch + 1)
    assert log_e_value(cleared.products) == 0


def test_a_state_stays_small_by_looking_at_a_sample_of_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollouts.judge.folding.MAX_USERS", 100)
    crowd = [(canary if user % 5 == 0 else stable)(user * 2_654_435_761, 1 + user / 1000) for user in range(1000)]
    state = fold(State(), crowd, PARAMS)
    assert len(state.users) <= 100
    assert state.thin >= 3
    assert state.at_risk[CANARY] + state.at_risk[STABLE] == len(state.users)


def test_counters_use_the_share_of_requests_and_leave_out_an_interval_across_the_start() -> None:
    params = Params(since=0.0, grace=5.0)
    state = fold(State(), Counts(4, canary_good=50, canary_bad=50, stable_good=100), params)
    state = fold(state, Counts(6, canary_good=50, canary_bad=50, stable_good=100), params)
    assert log_e_value(state.products) == 0
    state = fold(state, Counts(7, canary_good=9, canary_bad=1, stable_good=30), params)
    expected = sum(ratio / (ratio / 4 + 3 / 4) for ratio in HAZARD_RATIOS) / len(HAZARD_RATIOS)
    assert math.exp(log_e_value(state.products)) == pytest.approx(expected)


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_p3_an_observation_without_a_real_time_is_not_counted(at: float) -> None:
    state = fold(State(), [canary(1, at, bad=True), stable(2, at)], PARAMS)
    assert (state.odd, state.users, state.newest) == (2, {}, [None, None])
    assert not through_json(state).users
    assert verdict(state, PARAMS, 10.0).kind == "no_data"
