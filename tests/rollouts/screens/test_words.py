"""What a screen reader hears, and how a target stands: decision tables over plain facts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rollouts import present
from rollouts.choices import Role, RolloutState
from rollouts.exposure import target_state
from rollouts.facts import RolloutFacts
from rollouts.models import Target
from tests.rollouts.screens.test_present import BACK, HEALTHY, NOW, ago, kpi, target

HELD = replace(HEALTHY, state=RolloutState.HELD, reasons=("Freeze: stocktaking.",))
PAUSED = replace(HELD, state=RolloutState.PAUSED)
SILENT = replace(HEALTHY, kpis=(kpi("Failed searches", age=360), kpi("Slow searches")))
SENDING = replace(HEALTHY, targets=(target(), target(observed=5_000)))


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (HEALTHY, "25 % confirmed"),
        (SENDING, "Going to 25 %"),
        (replace(HEALTHY, step=-1, desired=0, targets=(target(0, 0),)), "Started"),
        (HELD, "Held: Freeze"),
        (PAUSED, "Paused: Freeze – stocktaking"),
        (replace(PAUSED, by_person=True, reasons=("Rhea Lind: QA looks.",)), "Paused: Rhea Lind – QA looks"),
        (SILENT, "Held: no data for Failed searches"),
        (replace(HEALTHY, targets=(replace(target(), turned_off=True),)), "Held: search turned off"),
        (replace(HEALTHY, state=RolloutState.WATCH, desired=100_000), "Watching at 100 %"),
        (replace(HEALTHY, state=RolloutState.COMPLETED), "Complete: everyone has 2.0.0"),
        (BACK, "Rolled back in 3.2 s"),
        (replace(BACK, restored_at=None), "Rolling back"),
    ],
)
def test_one_short_text_per_material_change(facts: RolloutFacts, says: str) -> None:
    assert present.said(facts).replace("\u00a0", " ") == says


@pytest.mark.parametrize("facts", [HEALTHY, SENDING, HELD, PAUSED, SILENT])
def test_what_only_ticks_is_not_read_out(facts: RolloutFacts) -> None:
    later = replace(facts, now=NOW + timedelta(seconds=7))
    assert present.said(later) == present.said(facts)
    if facts is SILENT:
        assert present.sentence(later).text != present.sentence(facts).text, "what is looked at does tick"


@pytest.mark.parametrize(
    ("reasons", "says"),
    [
        (("Failed searches: No canary traffic for 11 min. The plan allows 10 min without data.",), "no canary traffic"),
        (("Failed searches: QA says no.",), "Failed searches – QA says no"),
        (("Business must press go for 50 %.",), "Business must press go for 50 %"),
        ((), "somebody asked for it"),
    ],
)
def test_the_first_sentence_of_the_first_reason_is_enough(reasons: tuple[str, ...], says: str) -> None:
    said = present.because(replace(HEALTHY, reasons=reasons))
    assert says in said and "The plan allows" not in said and not said.endswith(".")


def test_a_reason_is_not_said_twice() -> None:
    action = replace(HEALTHY.action, at=ago(1), waits_for=("Freeze: stocktaking.", "Failed searches: too few."))
    box = present.next_box(replace(HELD, action=action))
    assert "stocktaking" not in box.detail and "too few" not in box.detail, "the sentence and the KPI say it"
    more = replace(action, waits_for=(*action.waits_for, "Sign-off: revoked."))
    assert present.next_box(replace(HELD, action=more)).detail == "Sign-off: revoked."


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (
            {"kpi": "Failed searches", "canary": 0.062, "stable": 0.02, "e_value": 90, "bound": 80},
            "3.1× stable at 25 %",
        ),
        (
            {"kpi": "Failed searches", "canary": 0.62, "stable": 0.0056, "e_value": 90, "bound": 80},
            "111× stable at 25 %",
        ),
        ({"kpi": "Failed searches", "canary": 0.062, "stable": 0.02, "e_value": 1, "bound": 80}, "6 % against 2 %"),
        ({"kpi": "Failed searches", "canary": 0.062, "stable": 0, "e_value": 90, "bound": 80}, "6 % against 2 %"),
        ({}, "6 % against 2 %"),
    ],
)
def test_a_rollback_says_how_much_worse_it_was_where_that_was_proven(cause: dict[str, Any], says: str) -> None:
    line = present.sentence(replace(BACK, cause={"weight": 25_000, **cause}))
    assert says in line.text.replace("\u00a0", " ")


ROUTE = Target(router="envoy", key="search", role=Role.CARRIES, desired=25_000, observed=25_000, desired_at=ago(60))


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"observed_at": ago(1), "confirmed_at": ago(50)}, "25 %"),
        ({"observed_at": ago(1), "confirmed_at": ago(50), "role": Role.FOLLOWS}, "follows"),
        ({"observed": 5_000, "observed_at": ago(1)}, "sending"),
        ({"observed": None}, "sending"),
        ({"observed": None, "problem": "Connection refused."}, "no answer"),
        ({"observed_at": ago(30), "confirmed_at": ago(50), "problem": "Connection refused."}, "no answer"),
        ({"observed_at": ago(2), "problem": "web-1 still serves an older version."}, "sending"),
        ({"observed": 0, "observed_at": ago(1), "confirmed_at": ago(50)}, "drifted, sent again"),
        ({"turned_off": True, "observed": 0}, "turned off"),
    ],
)
def test_how_a_target_stands(facts: dict[str, Any], word: str) -> None:
    row = Target(**{**{field.attname: getattr(ROUTE, field.attname) for field in Target._meta.fields}, **facts})
    assert target_state(row, NOW)[2].replace("\u00a0", " ") == word
