"""What is signed of flags reads as on their own pages, and nothing that changed there is left unsaid."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.chain import canonical
from flags import rules, sealed
from flags.evaluation import phrases
from tests.flags.worlds import ANY, world

VIP = {"name": "VIP", "when": {"segment": "vip"}, "serve": {"variant": "on"}}
JAPAN = {"name": "", "when": {"attribute": "country", "op": "equals", "value": "JP"}, "serve": {"variant": "off"}}
PRO = {"attribute": "plan", "op": "equals", "value": "pro"}
PLAIN: dict[str, Any] = {
    "flag": "points",
    "values": [{"name": "on", "value": True}, {"name": "off", "value": False}],
    "on": {"variant": "on"},
    "off": "off",
    "pins": {},
    "needs": [],
    "rules": [],
    "segments": {},
}
FULL: dict[str, Any] = {
    **PLAIN,
    "pins": {"ada@example.com": "on", "u-2": "on"},
    "needs": [{"flag": "index", "variants": ["on"]}],
    "rules": [VIP, JAPAN],
    "segments": {"vip": PRO},
}


def told(before: list[dict[str, Any]], after: list[dict[str, Any]], *kept: str) -> list[str]:
    parts = sealed.differences(before, after, kept)
    return [f"{line.what} | {line.before} → {line.after}" for part in parts for line in part]


def test_whoever_gets_it_beside_the_percentage_is_named_and_pinned_users_are_counted() -> None:
    lines = [phrases.plain(line) for line in sealed.whom([FULL])]
    assert lines == [
        "points needs index to give on",
        "points, from the first step on: 2 users pinned to on",
        "points, from the first step on: VIP (in the segment vip) → on",
        "points, from the first step on: country is JP → off",
        "the segment vip: plan is pro",
    ]
    assert sealed.whom([PLAIN]) == [] and "ada" not in str(lines)


def test_other_values_are_said_and_a_long_condition_is_cut() -> None:
    many = {"any": [{"attribute": "id", "op": "equals", "value": f"user-{number}"} for number in range(50)]}
    row = {**PLAIN, "on": {"variant": "blue"}, "off": "red", "rules": [{**VIP, "when": many}]}
    rule, given = (phrases.plain(line) for line in sealed.whom([row]))
    assert len(rule) < 300 and rule.endswith(" …) → on")
    assert given == "points: whoever has it gets blue, everyone else red"


@pytest.mark.parametrize(("key", "says"), sealed.FACTS.items())
def test_a_fact_beside_the_rules_is_said_where_it_is_true(key: str, says: str) -> None:
    assert [phrases.plain(line) for line in sealed.whom([{**PLAIN, key: True}])] == [f"points: {says}"]
    assert sealed.whom([{**PLAIN, key: False}]) == []
    assert told([PLAIN], [{**PLAIN, key: True}], "points") == [f"points · {says} | no → yes"]
    assert told([], [{**PLAIN, key: True}], "points") == [f"points · {says} | no → yes"]
    assert told([PLAIN], [{**PLAIN, key: False}], "points") == []


def test_a_plain_flag_that_got_rules_reads_as_on_its_own_pages() -> None:
    assert told([], [FULL], "points") == [
        "points · needs · index |  → to give on",
        "points · pins · ada@example.com |  → on",
        "points · pins · u-2 |  → on",
        "points · rule 1, new |  → VIP: in the segment vip → on",
        "points · rule 2, new |  → country is JP → off",
        "points · segments · vip |  → plan is pro",
    ]
    assert told([FULL], [], "points")[-1] == "points · segments · vip | plan is pro → "
    assert told([FULL], [{**FULL, "segments": {"vip": {"not": PRO}}}], "points") == [
        "points · segments · vip | plan is pro → plan is not pro"
    ]


def test_a_flag_that_came_had_nothing_before_and_one_that_went_is_told_by_its_feature() -> None:
    colours = [{"name": "blue", "value": 1}, {"name": "red", "value": 2}]
    new = {**PLAIN, "values": colours, "on": {"variant": "red"}, "off": "blue"}
    assert told([], [new]) == [
        "points · whoever has it |  → red",
        "points · otherwise |  → blue",
        "points · values · blue |  → 1",
        "points · values · red |  → 2",
    ]
    assert told([new], []) == []


def test_flags_of_one_key_in_two_products_are_two() -> None:
    assert told([PLAIN, PLAIN], [PLAIN, FULL], "points") == told([PLAIN], [FULL], "points")


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_p4_nothing_is_told_if_and_only_if_nothing_changed(one: int, other: int) -> None:
    before, after = (_row(world(seed, ANY, needs=True)) for seed in (one, other))
    assert (told([before], [after], "a") == []) == (canonical(before) == canonical(after))


def _row(made: Any) -> dict[str, Any]:
    definition, segments = made[0]["a"], made[1]
    values = [{"name": name, "value": value} for name, value in definition.variants]
    used = rules.used_segments(definition.targeting, segments)
    return {"flag": "a", "values": values, **definition.targeting, "segments": used}
