"""P1 in one table: which change can give somebody the new thing."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.weights import FULL
from flags.choices import Carrier
from flags.evaluation import Definition, Result, compile_all
from flags.rules import Exposure, dependents, grows, targets, used_segments

FIVE = Exposure(enabled=True, carrier=Carrier.PERCENTAGE, weight=5_000, build="", seed="s")
BUILD = Exposure(enabled=True, carrier=Carrier.BUILD, weight=5_000, build="b2", seed="s")
STAFF = {"attribute": "group", "op": "equals", "value": "staff"}
BETA = {"segment": "beta"}
SEGMENTS = {"beta": {"attribute": "group", "op": "in", "value": ["beta"]}}
wheres: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    enabled=st.booleans(),
    carrier=st.sampled_from([choice.value for choice in Carrier]),
    weight=st.sampled_from([0, 1, 30_000, 60_000, FULL]),
    build=st.sampled_from(["", "b1", "b2"]),
    seed=st.sampled_from(["s", "t"]),
    withheld=st.booleans(),
    targeting=st.builds(
        lambda pins, rules: {"on": {"variant": "on"}, "off": "off", "pins": pins, "needs": [], "rules": rules},
        st.sampled_from([{}, {"u-1": "on"}, {"u-1": "off"}]),
        st.lists(
            st.builds(
                lambda when, variant: {"name": "r", "when": when, "serve": {"variant": variant}},
                st.sampled_from([STAFF, BETA]),
                st.sampled_from(["on", "off"]),
            ),
            max_size=2,
        ),
    ),
)


def has(where: dict[str, Any], user: str, build: str, group: str) -> bool:
    compiled = compile_all({"f": Definition(key="f", **where)}, SEGMENTS)["f"]
    outcome = compiled.evaluate({"targetingKey": user, "build": build, "group": group})
    assert isinstance(outcome, Result)
    return bool(outcome.value)


def exposure(where: dict[str, Any]) -> Exposure:
    targeting = where["targeting"]
    rest = {field: value for field, value in where.items() if field != "targeting"}
    return Exposure(**rest, targets=targets(targeting), decides=repr((targeting, used_segments(targeting, SEGMENTS))))


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


@given(wheres, wheres, st.integers(0, 3), st.sampled_from(["", "b1", "b2"]), st.sampled_from(["staff", "beta", ""]))
def test_p1_whoever_gets_it_by_a_change_makes_that_change_growth(
    before: dict[str, Any], after: dict[str, Any], number: int, build: str, group: str
) -> None:
    user = f"u-{number}"
    if has(after, user, build, group) and not has(before, user, build, group):
        assert grows(exposure(before), exposure(after))


@given(wheres, st.integers(0, 3), st.sampled_from(["", "b1", "b2"]), st.sampled_from(["staff", "beta", ""]))
def test_p1_what_nobody_has_gives_it_to_nobody(where: dict[str, Any], number: int, build: str, group: str) -> None:
    if exposure(where).nobody:
        assert not has(where, f"u-{number}", build, group)


def test_p1_rules_wait_while_it_is_withheld() -> None:
    withheld = dataclasses.replace(FIVE, weight=0, withheld=True, targets=True, decides="staff")
    assert not grows(withheld, dataclasses.replace(withheld, decides="staff and beta"))
    assert grows(withheld, dataclasses.replace(withheld, withheld=False))
    assert grows(
        dataclasses.replace(withheld, withheld=False), dataclasses.replace(FIVE, targets=True, decides="staff")
    )


def test_who_depends_on_a_flag_is_found_through_others() -> None:
    needs = {"a": ["b"], "b": ["c"], "d": ["a", "x"], "x": []}
    assert dependents("c", needs) == {"b", "a", "d"}
    assert dependents("d", needs) == set()
