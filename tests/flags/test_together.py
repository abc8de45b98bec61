"""Asked together, flags answer as they do alone, however many tests they have and whatever is remembered."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flags.evaluation import Definition, Together, compile_all
from flags.evaluation.lanes import FIRST_TEST, WIDTHS, Lanes
from flags.evaluation.patterns import MAX_SUBJECT, MOST_TOGETHER, SMALL, Patterns, one_pattern
from flags.evaluation.together import BLOCK, MOST_COMBINATIONS
from tests.flags import worlds


@settings(max_examples=200)
@given(worlds.worlds(), st.lists(worlds.contexts(), min_size=1, max_size=6))
def test_asked_together_flags_answer_as_they_do_alone(world: tuple[Any, Any], contexts: list[dict[str, Any]]) -> None:
    """Also the second time, when what each test found is remembered, and when there was no room to."""
    definitions, segments = world
    flags = list(compile_all(definitions, segments).values())
    together, narrow = Together(flags, segments), Together(flags, segments, most_values=1)
    for context in [*contexts, *contexts]:
        expected = [flag.decide(context) for flag in flags]
        assert list(together.decide(context)) == expected
        assert list(narrow.decide(context)) == expected


def test_flags_beyond_a_block_keep_their_order_and_what_they_are_asked_its_type() -> None:
    rules = [
        {"name": "", "when": {"attribute": "n", "op": op, "value": 1}, "serve": {"variant": "on"}}
        for op in ("less", "equals", "at_least")
    ]
    flags = {}
    for number in range(2 * BLOCK + 1):
        targeting = {"on": {"variant": "on"}, "off": "off", "pins": {}, "needs": [], "rules": rules[: number % 4]}
        flags[f"f-{number}"] = Definition(f"f-{number}", weight=number * 700, targeting=targeting)
    broken = {**flags["f-1"].targeting, "rules": [{"when": {"segment": "gone"}, "serve": {"variant": "on"}}]}
    flags["f-1"] = Definition("f-1", targeting=broken)
    built = list(compile_all(flags, {}).values())
    together = Together(built, {})
    for user in range(50):
        context = {"targetingKey": f"u-{user}", "n": (0, 1, True, 1.0, False, "1")[user % 6]}
        assert list(together.decide(context)) == [flag.decide(context) for flag in built]


def flag(key: str, tests: int, *, attribute: str = "n", **fields: Any) -> Definition:
    """On for who passes any of so many tests, and for a percentage of the others."""
    rules = [
        {"name": "", "when": {"attribute": attribute, "op": "equals", "value": number}, "serve": {"variant": "on"}}
        for number in range(tests)
    ]
    targeting = {"on": {"variant": "on"}, "off": "off", "pins": {}, "needs": [], "rules": rules}
    return Definition(key, seed=f"seed-{tests % 3}", **{"weight": 30_000, "targeting": targeting, **fields})


@pytest.mark.parametrize("tests", [0, 5, 6, 7, 14, 15, 30, 31, 62, 63, 100])
def test_a_lane_has_room_for_what_is_asked_and_beyond_the_widest_flags_are_asked_themselves(tests: int) -> None:
    built = list(compile_all({"few": flag("few", 2), "many": flag("many", tests)}, {}).values())
    lanes = Lanes(built, {})
    assert lanes.readable == [True, FIRST_TEST + tests <= max(WIDTHS)]
    assert lanes.width == (8 if not lanes.readable[1] else min(w for w in WIDTHS if w >= FIRST_TEST + max(tests, 2)))
    together = Together(built, {})
    for number in range(3 * (tests + 20)):
        context = {"n": number // 3, "targetingKey": f"u-{number % 7}"}
        assert list(together.decide(context)) == [one.decide(context) for one in built]
        assert list(together.decide({"n": number // 3})) == [one.decide({"n": number // 3}) for one in built]


def test_values_that_look_alike_are_different_tests() -> None:
    values = (1, "1", True, "True", 1.5, "1.5", 0, False, "")
    flags = {}
    for place, value in enumerate(values):
        rule = {"name": "", "when": {"attribute": "n", "op": "equals", "value": value}, "serve": {"variant": "on"}}
        targeting = {"on": {"variant": "on"}, "off": "off", "pins": {}, "needs": [], "rules": [rule]}
        flags[f"f-{place}"] = Definition(f"f-{place}", targeting=targeting)
    built = list(compile_all(flags, {}).values())
    together = Together(built, {})
    for value in (*values, *values):
        found = list(together.decide({"n": value}))
        assert found == [one.decide({"n": value}) for one in built]
        assert found.count(built[0].decide({"n": 1})) == 1


def test_a_condition_of_nothing_lets_no_other_flag_down() -> None:
    """None is saved, but whatever is there is built: one flag must not keep all of an environment from being held."""
    odd = {"name": "", "when": {"all": []}, "serve": {"variant": "on"}}
    targeting = {"on": {"variant": "on"}, "off": "off", "pins": {}, "needs": [], "rules": [odd]}
    built = list(compile_all({"odd": Definition("odd", targeting=targeting), "f": flag("f", 1)}, {}).values())
    assert list(Together(built, {}).decide({"n": 0})) == [one.decide({"n": 0}) for one in built]


def test_nobody_is_told_that_a_user_is_needed_and_somebody_never() -> None:
    """Also where both pass the same tests, whoever comes first."""
    built = list(compile_all({"a": flag("a", 1), "b": flag("b", 0, weight=99_999)}, {}).values())
    for first, then in (({}, {"targetingKey": "u"}), ({"targetingKey": "u"}, {"targetingKey": ""})):
        together = Together(built, {})
        for context in (first, then, first):
            assert list(together.decide(context)) == [one.decide(context) for one in built]


def test_p10_all_flags_of_a_seed_change_at_their_own_weight() -> None:
    weights = (0, 1, 33_333, 33_333, 66_667, 99_999, 100_000)
    flags = {f"f-{place}": flag(f"f-{place}", 0, weight=weight) for place, weight in enumerate(weights)}
    built = list(compile_all(flags, {}).values())
    together = Together(built, {})
    seen = set()
    for number in range(3_000):
        context = {"targetingKey": f"user-{number}"}
        found = tuple(together.decide(context))
        assert list(found) == [one.decide(context) for one in built]
        seen.add(found)
    assert len(seen) == 3, "below a third, below two thirds, and beyond"


def test_an_attribute_that_differs_by_user_does_not_crowd_out_the_others() -> None:
    flags = {"f": flag("f", 3), "g": flag("g", 3, attribute="email")}
    together = Together(list(compile_all(flags, {}).values()), {}, most_values=100)
    block = together._blocks[0]
    known = {one.name: one.known for one in block._attributes}
    for number in range(1_000):
        together.decide({"n": number % 20, "email": f"user-{number}@example.org", "targetingKey": "u"})
        assert block._values == sum(map(len, known.values())) <= 100
    assert set(known["n"]) == set(range(20))


def test_no_more_is_remembered_of_a_flag_than_there_is_room_for() -> None:
    conditions = [{"attribute": f"a{number}", "op": "equals", "value": True} for number in range(12)]
    rules = [{"name": "", "when": one, "serve": {"split": [["on", 50_000], ["off", 50_000]]}} for one in conditions]
    targeting = {"on": {"variant": "on"}, "off": "off", "pins": {}, "needs": [], "rules": rules}
    built = list(compile_all({"f": Definition("f", weight=50_000, targeting=targeting)}, {}).values())
    together = Together(built, {})
    row = together._blocks[0]._rows[0]
    for number in range(2**12):
        context = {f"a{bit}": bool(number >> bit & 1) for bit in range(12)} | {"targetingKey": f"u-{number}"}
        assert list(together.decide(context)) == [built[0].decide(context)]
    assert len(row.known) == MOST_COMBINATIONS


WORDS = ("a", "^a", "b$", "^$", "[ab]{2}", "a|bb", "^(a|b)+$", "é", "(?i)B", r"\d", "a.b", "^ab?c*$")


@given(
    st.lists(st.sampled_from(WORDS), max_size=2 * MOST_TOGETHER + 3), st.text(alphabet="abBcé1 \n\ud800", max_size=6)
)
def test_patterns_asked_together_are_found_as_each_alone(sources: list[str], text: str) -> None:
    found = Patterns([(1 << place, source) for place, source in enumerate(sources)])(text)
    assert [found >> place & 1 for place in range(len(sources))] == [one_pattern(source)(text) for source in sources]
    readable = text.encode(errors="replace").decode()
    if "\n" not in text:
        assert [one_pattern(source)(text) for source in WORDS] == [int(bool(re.search(s, readable))) for s in WORDS]


def test_large_patterns_and_small_ones_are_found_in_short_texts_and_in_long_ones() -> None:
    sources = [f"{letter}[a-z]{{{length}}}c" for letter in "abc" for length in (1, SMALL, 400)]
    together = Patterns([(1 << place, source) for place, source in enumerate(sources)])
    for length in (1, SMALL, 400):
        text = "b" + "z" * length + "c"
        assert together(text) == 1 << sources.index(f"b[a-z]{{{length}}}c")
        assert together(text + "é" * (MAX_SUBJECT - 402)) == 0, "longer texts are not asked about"
