"""Absolute limits: breached for long enough, in time that had traffic; silence neither breaches nor heals."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rollouts.judge import Kind, Observation, Params, Side, State, Threshold, Verdict, fold, verdict

LIMIT = Threshold(limit=0.10, breach_seconds=60.0, min_volume=5)
PARAMS = Params(since=0.0, grace=0.0, compare=False, threshold=LIMIT)


def traffic(start: float, end: float, bad_of_ten: int) -> Iterator[Observation]:
    """A canary request a second, each of another user, so many of ten bad."""
    for second in range(round(start), round(end)):
        yield Observation(second, Side.CANARY, float(second), second % 10 < bad_of_ten)


def said_of(*stretches: tuple[float, float, int], params: Params = PARAMS) -> Verdict:
    """What is said at the end of the last stretch."""
    state = State()
    for stretch in stretches:
        state = fold(state, traffic(*stretch), params)
    return verdict(state, params, stretches[-1][1])


@pytest.mark.parametrize(
    ("stretches", "kind"),
    [
        ([(0, 100, 0)], Kind.PASS),
        ([(0, 100, 1)], Kind.PASS),
        ([(0, 5, 5)], Kind.INCONCLUSIVE),
        ([(0, 40, 5)], Kind.INCONCLUSIVE),
        ([(0, 90, 5)], Kind.FAIL),
        ([(0, 50, 5), (50, 70, 0)], Kind.PASS),
        ([(0, 50, 5), (50, 70, 0), (70, 110, 5)], Kind.INCONCLUSIVE),
        ([(0, 45, 5), (1000, 1015, 5)], Kind.INCONCLUSIVE),
        ([(0, 45, 5), (1000, 1045, 5)], Kind.FAIL),
    ],
)
def test_a_breach_counts_only_time_with_traffic_and_only_on_end(
    stretches: list[tuple[float, float, int]], kind: Kind
) -> None:
    said = said_of(*stretches)
    assert said.kind is kind, said.reason
    assert said.may_roll_back == (kind is Kind.FAIL)


def test_p3_too_little_traffic_is_neither_a_breach_nor_a_pass() -> None:
    lonely = replace(PARAMS, threshold=replace(LIMIT, min_volume=1000))
    assert said_of((0, 200, 10), params=lonely).kind is Kind.INCONCLUSIVE
    assert said_of((0, 200, 0), params=lonely).kind is Kind.INCONCLUSIVE


def test_a_limit_can_be_one_from_below() -> None:
    below = replace(PARAMS, threshold=replace(LIMIT, limit=0.4, above=False))
    assert said_of((0, 90, 3), params=below).kind is Kind.FAIL
    assert said_of((0, 90, 5), params=below).kind is Kind.PASS


def test_the_value_is_the_share_of_users_so_one_unlucky_user_is_no_breach() -> None:
    seen = list(traffic(0, 90, 0))
    seen += [Observation(5, Side.CANARY, second + 0.5, True) for second in range(90)]
    assert verdict(fold(State(), seen, PARAMS), PARAMS, 91.0).kind is Kind.PASS


def test_the_reason_names_value_limit_and_duration() -> None:
    said = said_of((0, 90, 5))
    assert said.reason.startswith("The canary has been above the limit of 10 % for ")
    assert said.since == 0.0


def test_a_new_weight_starts_the_breach_afresh() -> None:
    state = fold(State(), traffic(0, 90, 5), PARAMS)
    grown = replace(PARAMS, since=90.0)
    state = fold(state, traffic(90, 120, 5), grown)
    assert verdict(state, grown, 120.0).kind is Kind.INCONCLUSIVE
