"""The sentence, the rail and the next action, for every state a rollout can be in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.weights import FULL
from rollouts import present
from rollouts.choices import RolloutState, VerdictKind
from rollouts.facts import KpiFacts, RolloutFacts, StepFacts, TargetFacts
from rollouts.rules import NextAction

NOW = datetime(2026, 11, 24, 10, 41, 8, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def kpi(name: str, verdict: VerdictKind = VerdictKind.PASS, age: float = 2) -> KpiFacts:
    return KpiFacts(name=name, verdict=verdict, reason="", newest_at=ago(age), is_fine=verdict is VerdictKind.PASS)


def target(observed: int | None = 25_000, desired: int = 25_000, problem: str = "") -> TargetFacts:
    return TargetFacts(
        name="search", desired=desired, observed=observed, desired_at=ago(50), confirmed_at=ago(48), problem=problem
    )


HEALTHY = RolloutFacts(
    state=RolloutState.RUNNING,
    now=NOW,
    desired=25_000,
    step=1,
    step_since=ago(50),
    baked_since=ago(40),
    steps=tuple(StepFacts(weight=weight, bake=timedelta(seconds=60)) for weight in (5_000, 25_000, 50_000, FULL)),
    watch=timedelta(minutes=1),
    reasons=(),
    kpis=(kpi("Failed searches"), kpi("Slow searches")),
    targets=(target(), target()),
    candidate="2.0.0",
    stable="1.4.2",
    started_at=ago(120),
    action=NextAction(verb="advance", weight=50_000, at=NOW + timedelta(seconds=20)),
)
NONE = NextAction(verb="none", weight=0, at=None)
BACK = replace(
    HEALTHY,
    state=RolloutState.ROLLED_BACK,
    desired=0,
    targets=(target(0, 0), target(0, 0)),
    reasons=("Failed searches: 6 % against 2 %.",),
    ended_at=ago(10),
    restored_at=ago(6.8),
    action=NONE,
)


def test_healthy_says_the_weight_that_all_pass_and_what_then() -> None:
    line = present.sentence(HEALTHY)
    assert (line.tone, line.lead, line.text) == ("live", "Healthy at 25\u00a0%:", "both KPIs pass")
    assert line.then == "50\u00a0% at 10:41:28 UTC by itself, if they still do"


def test_p3_silence_is_never_green_though_the_last_verdict_was_a_pass() -> None:
    silent = replace(HEALTHY, kpis=(kpi("Failed searches", age=360), kpi("Slow searches")))
    line = present.sentence(silent)
    assert (line.tone, line.lead) == ("wait", "Held at 25\u00a0%:")
    assert line.text == "no data for Failed searches for 6\u00a0min"
    assert silent.passing == 1


def test_p3_a_kpi_never_heard_of_is_silent_since_the_start() -> None:
    unheard = replace(kpi("Failed searches"), newest_at=None)
    assert present.sentence(replace(HEALTHY, kpis=(unheard,))).tone == "wait"


def test_what_does_not_pass_yet_is_named() -> None:
    unsure = replace(HEALTHY, kpis=(kpi("Failed searches"), kpi("Slow searches", VerdictKind.INCONCLUSIVE)))
    line = present.sentence(unsure)
    assert line.lead == "At 25\u00a0%:"
    assert line.text == "1 of 2 KPIs pass, not yet Slow searches"


def test_at_full_weight_a_comparison_judges_nothing_and_is_not_counted() -> None:
    limit, compared = kpi("Failed requests"), replace(kpi("Slow searches", VerdictKind.INCONCLUSIVE), judged=False)
    facts = replace(HEALTHY, state=RolloutState.WATCH, kpis=(limit, compared))
    assert present.sentence(facts).text == "the one KPI that can still be judged passes"
    assert (facts.passing, len(facts.judged)) == (1, 1)


def test_an_unconfirmed_weight_is_on_its_way_not_there() -> None:
    line = present.sentence(replace(HEALTHY, targets=(target(), target(observed=5_000))))
    assert line.lead == "Going to 25\u00a0%:"
    assert line.text == "1 of 2 targets have confirmed"


def test_a_target_with_a_problem_is_not_confirmed() -> None:
    assert replace(HEALTHY, targets=(target(problem="web-1 is behind."),)).confirmed == 0


@pytest.mark.parametrize(
    ("state", "lead", "then"),
    [
        (RolloutState.HELD, "Held at 25\u00a0%:", "goes on by itself when that is gone"),
        (RolloutState.PAUSED, "Paused at 25\u00a0%:", "a person resumes it or rolls it back"),
    ],
)
def test_what_stopped_it_is_said(state: RolloutState, lead: str, then: str) -> None:
    line = present.sentence(replace(HEALTHY, state=state, reasons=("Freeze: stocktaking.",)))
    assert (line.tone, line.lead, line.text, line.then) == ("wait", lead, "Freeze – stocktaking", then)


def test_a_rollback_says_how_long_it_took_why_and_where_everybody_is() -> None:
    line = present.sentence(BACK)
    assert (line.tone, line.lead) == ("bad", "Rolled back in 3.2\u00a0s:")
    assert line.text == "Failed searches – 6 % against 2 %"
    assert line.then == "everyone is on 1.4.2 since 10:41:01 UTC"


def test_an_unfinished_rollback_does_not_claim_to_be_over() -> None:
    line = present.sentence(replace(BACK, restored_at=None, targets=(target(0, 0), target(25_000, 0))))
    assert line.lead == "Rolling back:"
    assert line.then == "1 of 2 targets have confirmed 0\u00a0%"
    box = present.next_box(replace(BACK, restored_at=None, targets=(target(0, 0), target(25_000, 0))))
    assert (box.label, box.line) == ("Next, by itself", "Everybody on 1.4.2 again")


def test_the_watch_and_the_end() -> None:
    complete = NextAction(verb="complete", weight=FULL, at=NOW + timedelta(seconds=30))
    watch = replace(HEALTHY, state=RolloutState.WATCH, desired=FULL, step=3, action=complete)
    assert present.sentence(watch).then == "complete at 10:41:38 UTC, if nothing happens"
    assert present.next_box(watch).line == "Complete"
    done = replace(watch, state=RolloutState.COMPLETED, ended_at=ago(5), action=NONE)
    assert present.sentence(done).tone == "good"
    assert [point.at for point in present.rail(done)] == ["done"] * 5


def test_the_next_action_counts_down_and_says_what_it_needs() -> None:
    box = present.next_box(HEALTHY)
    assert (box.label, box.line, box.until) == ("Next, by itself", "Grow to 50\u00a0%", NOW + timedelta(seconds=20))
    assert box.detail == "Needs every KPI to pass and every gate to be open."


def test_an_action_that_is_due_says_what_stands_in_its_way() -> None:
    late = replace(HEALTHY.action, at=ago(3), waits_for=("Slow searches: too few users.",))
    box = present.next_box(replace(HEALTHY, action=late))
    assert box.until is None
    assert box.line == "Grow to 50\u00a0% as soon as nothing stands in its way"
    assert box.detail == "Slow searches: too few users."


def test_a_step_that_waits_for_a_team_says_so() -> None:
    gated = replace(HEALTHY.steps[2], go_team="Business")
    facts = replace(HEALTHY, steps=(*HEALTHY.steps[:2], gated, HEALTHY.steps[3]))
    assert facts.waits_for_go == "Business"
    assert "when Business presses go" in present.sentence(facts).then
    assert replace(facts, gone=frozenset({2})).waits_for_go == ""


def test_the_hull_stands_where_the_step_has_baked_to() -> None:
    points = present.rail(HEALTHY)
    assert [point.at for point in points] == ["done", "now", "todo", "todo", "todo"]
    assert points[1].done_to == round(12 + 80 * 40 / 60, 1)
    assert points[1].note == "40\u00a0s of 1\u00a0min baked"
    assert points[-1].name == "Watch"


def test_after_a_rollback_the_hull_stands_at_zero_with_its_track_dotted_behind_it() -> None:
    points = present.rail(BACK)
    assert [point.name for point in points] == ["0\u00a0%", "5\u00a0%", "25\u00a0%", "50\u00a0%", "100\u00a0%"]
    assert [point.undone for point in points] == [True, True, True, False, False]
    assert points[0].at == "now"
    assert points[2].icon == "fail"
    assert points[3].note == "not reached"
