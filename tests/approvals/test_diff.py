"""What changed, as lines that read."""

import pytest

from approvals.diff import Change, changes
from approvals.reading import leaves, steps
from releases.seal import Part

STEPS = [{"exposure": "5 %", "bakes for": "8 s"}, {"exposure": "100 %", "bakes for": "8 s"}]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"way back": "x"}, {"way back": "y"}, [Change(what="way back", before="x", after="y")]),
        ({"covers": ["a", "b"]}, {"covers": ["a"]}, [Change(what="covers", before="a, b", after="a")]),
        (
            [{"product": "shop", "version": "1"}],
            [{"product": "shop", "version": "2"}],
            [Change(what="shop · version", before="1", after="2")],
        ),
        (
            [{"name": "one", "limit": None}, {"name": "two", "limit": 3}],
            [{"name": "two", "limit": 3}],
            [Change(what="one · name", before="one"), Change(what="one · limit", before="none")],
        ),
    ],
)
def test_leaves_are_matched_by_name(before: object, after: object, lines: list[Change]) -> None:
    assert changes(before, after) == lines


def test_nothing_of_a_part_is_left_unsaid() -> None:
    part = Part(name="plan", title="Plan", content={"steps": STEPS, "rollback window": "1 h", "watched by": []})
    said = " ".join(f"{what} {value}" for what, value in leaves(part))
    for word in ("5 %", "100 %", "8 s", "1 h"):
        assert word in said


def test_of_several_that_are_called_alike_none_hides_another() -> None:
    rules = [{"name": "VIP", "gives": "on"}, {"name": "VIP", "gives": "off"}]
    part = Part(name="flags", title="Flags", content={"rules": rules})
    assert [value for what, value in leaves(part) if what.endswith("gives")] == ["on", "off"]


def test_the_rail_of_the_plan_ends_in_the_watch() -> None:
    part = Part(name="plan", title="Plan", content={"steps": STEPS, "rollback window": "1 h"})
    assert [(point.name, point.note) for point in steps([part])] == [
        ("5 %", "at the start"),
        ("100 %", "after 8\u00a0s"),
        ("Watch", "after 16\u00a0s, for 1 h"),
    ]
    assert steps([Part(name="plan", title="Plan", content={})]) == []
