"""Risk is a sum of facts with their weights: decision tables, and what the page shows of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core.models import User
from releases import risk, rules
from releases.rules import Checked, Reason, Shipment, assess, ship_reasons
from rollouts import risks as rolling
from rollouts.choices import RolloutState
from tests.releases.conftest import Ship
from validation import risks as testing

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday
FINE = Checked(version="2.0.3", checks=dict.fromkeys(["regression", "database", "security", "performance"], "pass"))
NB = "\N{NO-BREAK SPACE}"


def told(reasons: list[Reason]) -> list[tuple[int, str]]:
    return [(one.weight, one.sentence) for one in reasons]


@pytest.mark.parametrize(
    ("weights", "total", "level"),
    [
        ([], 0, "low"),
        ([24], 24, "low"),
        ([25], 25, "medium"),
        ([40, 19], 59, "medium"),
        ([60], 60, "high"),
        ([-5], 0, "low"),
        ([30, -6], 24, "low"),
        ([90, 90], 100, "high"),
        ([0], 0, "low"),
    ],
)
def test_the_sum_and_its_level(weights: list[int], total: int, level: str) -> None:
    found = assess([Reason(weight, "…") for weight in weights])
    assert (found.total, found.level) == (total, level)
    assert 0 not in [one.weight for one in found.reasons]


@given(st.lists(st.integers(-30, 30), max_size=12))
def test_the_heaviest_reason_stands_first_and_the_sum_stays_within_its_scale(weights: list[int]) -> None:
    found = assess([Reason(weight, "…") for weight in weights])
    shown = [one.weight for one in found.reasons]
    assert shown == sorted(shown, reverse=True) and 0 <= found.total <= 100


@given(st.lists(st.integers(-30, 30), max_size=8), st.integers(1, 30))
def test_another_danger_never_makes_it_safer(weights: list[int], more: int) -> None:
    known = [Reason(weight, "…") for weight in weights]
    assert assess([*known, Reason(more, "…")]).total >= assess(known).total


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"features": 3}, [(8, "3 features ship together")]),
        ({"features": 30}, [(20, "30 features ship together")]),
        ({"products": 2}, [(8, "2 products change at once")]),
        ({"bare": ("Ranking",)}, [(10, "Ranking has no flag to turn off alone")]),
        ({"bare": ("A", "B")}, [(20, "A and B have no flag to turn off alone")]),
        ({"bare": ("A", "B", "C")}, [(20, "3 features have no flag to turn off alone")]),
        ({"builds": (FINE,)}, []),
        ({"replaced": 1}, [(3, "The candidate was replaced once")]),
        ({"replaced": 9}, [(9, "The candidate was replaced 9 times")]),
        ({"way_back": False}, [(10, "The way back is not written")]),
    ],
)
def test_what_ships(facts: dict[str, Any], expected: list[tuple[int, str]]) -> None:
    assert told(ship_reasons(Shipment(**facts))) == expected


@pytest.mark.parametrize("kind", ["regression", "database", "security", "performance"])
def test_a_failed_check_weighs_more_than_one_that_nobody_reported(kind: str) -> None:
    def of(status: str) -> Reason:
        [found] = ship_reasons(Shipment(builds=(Checked(version="2.0.3", checks={**FINE.checks, kind: status}),)))
        return found

    assert of("fail").weight > of("").weight > 0
    assert "2.0.3" in of("fail").sentence and "2.0.3" in of("").sentence


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"scenarios": 4, "passed": 4}, []),
        ({"scenarios": 0}, [(10, "No scenario was written for it")]),
        ({"scenarios": 4, "passed": 1}, [(8, "3 of 4 scenarios did not pass yet")]),
        ({"scenarios": 4, "built": False}, []),
        ({"scenarios": 1, "passed": 1, "blocking": 1}, [(15, "1 blocking finding open")]),
        ({"scenarios": 1, "passed": 1, "minor": 2}, [(8, "2 minor findings open")]),
        ({"scenarios": 1, "passed": 1, "accepted": 1}, [(2, "1 finding accepted as it is")]),
        ({"scenarios": 4, "passed": 4, "again": 2}, [(-4, "2 scenarios passed again after an earlier build")]),
        ({"scenarios": 4, "passed": 3, "again": 2}, [(4, "1 of 4 scenarios did not pass yet")]),
    ],
)
def test_what_was_tried(facts: dict[str, Any], expected: list[tuple[int, str]]) -> None:
    assert told(testing.weigh(testing.Tested(**facts))) == expected


def ended(state: RolloutState, days: int, took: float | None = None) -> rolling.Before:
    back = timedelta(seconds=took) if took is not None else None
    return rolling.Before(state=state, ended_at=NOW - timedelta(days=days), took=back)


STEADY: dict[str, Any] = {
    "carriers": ("Envoy route search",),
    "weights": (5_000, 100_000),
    "kpis": 2,
    "before": (ended(RolloutState.COMPLETED, 3),),
}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"before": ()}, [(8, "First rollout of Envoy route search")]),
        ({"weights": (100_000,)}, [(20, "Everybody gets it in the first step")]),
        ({"weights": (25_000, 100_000)}, [(10, f"25{NB}% get it in the first step")]),
        ({"weights": (10_000, 100_000)}, []),
        ({"kpis": 0}, [(15, "No KPI watches it")]),
        ({"turns_back": False}, [(6, "No KPI takes it back by itself")]),
        (
            {"before": (ended(RolloutState.ROLLED_BACK, 2, 2.0),)},
            [(6, "The last rollout there was rolled back"), (-5, f"The way back was gone lately: 2{NB}s")],
        ),
        (
            {"before": (ended(RolloutState.COMPLETED, 1), ended(RolloutState.ROLLED_BACK, 2, 2.0))},
            [(-5, f"The way back was gone lately: 2{NB}s")],
        ),
        ({"before": (ended(RolloutState.ROLLED_BACK, 40, 2.0),)}, []),
        ({"ends_at": NOW}, []),
        (
            {"ends_at": datetime(2026, 11, 27, 16, 0, tzinfo=UTC)},
            [(6, "Started now, its last step ends when few are there: Fri 16:00")],
        ),
        ({"ends_at": datetime(2026, 11, 27, 15, 59, tzinfo=UTC)}, []),
        ({"ends_at": datetime(2026, 11, 30, 6, 0, tzinfo=UTC)}, []),
    ],
)
def test_how_it_goes_out(facts: dict[str, Any], expected: list[tuple[int, str]]) -> None:
    assert told(rolling.weigh(rolling.Planned(**{**STEADY, **facts}), NOW)) == expected


def test_the_page_says_the_number_and_every_reason(
    ship: Ship, rhea: User, browser_of: Callable[[User], Client], settings: Any
) -> None:
    settings.RISKS = ["releases.risk.reasons"]
    found = risk.assess(ship.release, NOW)
    html = browser_of(rhea).get(reverse("release", args=[ship.release.pk], query={"part": "risk"})).content.decode()
    assert f"<b>{found.total}</b>" in html and f"of 100, {found.level}" in html
    assert found.reasons and all(f"+{one.weight}" in html and one.sentence in html for one in found.reasons)
    assert rules.Reason(5, "No security scan was reported for 2.0.3") in found.reasons
