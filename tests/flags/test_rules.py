"""P1 in one table: which change can give somebody the new thing."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.weights import FULL
from flags.choices import Carrier
from flags.evaluation import FlagRule, Result, evaluate
from flags.rules import Exposure, grows

FIVE = Exposure(enabled=True, carrier=Carrier.PERCENTAGE, weight=5_000, build="", seed="s")
BUILD = Exposure(enabled=True, carrier=Carrier.BUILD, weight=5_000, build="b2", seed="s")
exposures = st.builds(
    Exposure,
    enabled=st.booleans(),
    carrier=st.sampled_from([choice.value for choice in Carrier]),
    weight=st.sampled_from([0, 1, 30_000, 60_000, FULL]),
    build=st.sampled_from(["", "b1", "b2"]),
    seed=st.sampled_from(["s", "t"]),
)


def has(exposure: Exposure, user: str, build: str) -> bool:
    outcome = evaluate(FlagRule(key="f", **dataclasses.asdict(exposure)), {"targetingKey": user, "build": build})
    assert isinstance(outcome, Result)
    return outcome.value


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (FIVE, {"weight": 5_001}, True),
        (FIVE, {"weight": 4_999}, False),
        (FIVE, {"weight": 0}, False),
        (FIVE, {"enabled": False}, False),
        (FIVE, {"seed": "t"}, True),
        (FIVE, {"seed": "t", "weight": 0}, False),
        (FIVE, {"carrier": Carrier.BUILD, "build": "b2"}, True),
        (FIVE, {"carrier": Carrier.BUILD, "build": ""}, False),
        (BUILD, {"build": "b3"}, True),
        (BUILD, {"weight": 50_000}, False),
        (BUILD, {"weight": 0}, False),
        (BUILD, {"carrier": Carrier.PERCENTAGE, "build": ""}, True),
        (dataclasses.replace(FIVE, enabled=False), {"enabled": True}, True),
        (dataclasses.replace(FIVE, enabled=False, weight=0), {"enabled": True}, False),
        (dataclasses.replace(FIVE, weight=FULL), {"seed": "t", "weight": 50_000}, False),
        (dataclasses.replace(FIVE, weight=0), {"carrier": Carrier.BUILD, "build": "b2", "weight": 1}, True),
    ],
)
def test_p1_growth_is_what_can_give_somebody_the_new_thing(
    before: Exposure, after: dict[str, object], expected: bool
) -> None:
    assert grows(before, dataclasses.replace(before, **after)) is expected  # type: ignore[arg-type]


@given(exposures, exposures, st.integers(0, 1_000), st.sampled_from(["", "b1", "b2"]))
def test_p1_whoever_gets_it_by_a_change_makes_that_change_growth(
    before: Exposure, after: Exposure, number: int, build: str
) -> None:
    user = f"u-{number}"
    if has(after, user, build) and not has(before, user, build):
        assert grows(before, after)
