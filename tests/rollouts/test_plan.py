"""The plan: written as a whole, signed, and able to be carried out, or its gate says what is wrong."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core import clock
from core.errors import Conflict, Forbidden, Refused
from core.models import User
from core.weights import FULL
from releases.gates import Question
from rollouts import actions, gates, seal
from rollouts.actions import KpiSpec, StepSpec, TargetSpec
from rollouts.choices import Role
from tests.rollouts.story import Story

Told = Callable[..., Story]
STEPS = [StepSpec(weight=5_000, bake_seconds=60), StepSpec(weight=FULL, bake_seconds=60)]
KPI = KpiSpec(name="Failed searches", source="visits", query={"canary": "green", "stable": "blue"})


@pytest.fixture
def write(told: Told) -> Callable[..., str]:
    """`write(steps=…)` writes such a plan and returns what the gate says of it."""
    story = told()
    old = story.plan
    targets = [TargetSpec(router="route", key="search")]
    targets += [TargetSpec(router="flag", key=flag.key, role=Role.FOLLOWS) for flag in story.flags]

    def set_plan(**changes: Any) -> str:
        plan: dict[str, Any] = {"environment": old.environment, "slot": old.slot, "stable_slot": old.stable_slot}
        plan |= {"steps": STEPS, "targets": targets, "kpis": [KPI], "actor": story.rhea}
        actions.set_plan(release=story.release, **{**plan, **changes})
        (gate,) = gates.plan(Question(release=story.release, now=clock.now()))
        return "" if gate.is_open else gate.sentence

    return set_plan


def followers(write: Callable[..., str]) -> list[TargetSpec]:
    return [TargetSpec(router="flag", key=f"search-2-0-{one}", role=Role.FOLLOWS) for one in ("typo", "rank")]


def test_a_good_plan_opens_the_gate(write: Callable[..., str]) -> None:
    assert write() == ""


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"steps": []}, "no steps"),
        ({"steps": STEPS[:1]}, "not 100"),
        ({"steps": [STEPS[1], STEPS[1]]}, "more users than the one before"),
        ({"kpis": []}, "no KPI"),
        ({"kpis": [replace(KPI, options={"compare": False})]}, "judged by nothing"),
        ({"kpis": [replace(KPI, limit=2.0)]}, "share between 0 and 1"),
        ({"kpis": [replace(KPI, source="nobody")]}, "nobody"),
        ({"kpis": [replace(KPI, query={"canary": "green"})]}, "stable"),
        ({"targets": []}, "moves nothing"),
        ({"targets": [TargetSpec(router="route", key="search")]}, "does not move search-2-0-rank, search-2-0-typo"),
        ({"stable_slot": None}, "two slots"),
    ],
)
def test_what_cannot_be_carried_out_closes_it(write: Callable[..., str], changes: dict[str, Any], says: str) -> None:
    assert says in write(**changes)


def test_p10_routes_and_flags_never_both_carry(write: Callable[..., str]) -> None:
    both = [TargetSpec(router="route", key="search"), *(replace(one, role=Role.CARRIES) for one in followers(write))]
    assert "5 % of 5 %" in write(targets=both)
    assert "Nothing carries" in write(targets=followers(write))


def test_an_unknown_router_is_named(write: Callable[..., str]) -> None:
    assert "'haproxy'" in write(targets=[TargetSpec(router="haproxy", key="search"), *followers(write)])


def test_p4_a_changed_plan_is_another_seal_and_progress_is_not(told: Told) -> None:
    story = told(bake=600)
    before = seal.plan(story.release).digest
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    assert seal.plan(story.release).digest == before
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="to see")
    assert seal.plan(story.release).digest == before
    story.plan.kpis.update(limit=0.5)
    assert seal.plan(story.release).digest != before


def test_p12_who_may_write_it_when_and_what(write: Callable[..., str], tomas: User, otto: User, told: Told) -> None:
    for stranger in (tomas, otto):
        with pytest.raises(Forbidden):
            write(actor=stranger)
    with pytest.raises(Refused) as refused:
        write(steps=[StepSpec(weight=FULL + 1, bake_seconds=1)])
    assert refused.value.field == "steps"
    with pytest.raises(Refused) as refused:
        write(targets=[*followers(write), *followers(write)])
    assert refused.value.field == "targets"
    story = told(name="Search 2.1")
    actions.start_rollout(release=story.release, actor=story.rhea)
    plan = story.plan
    with pytest.raises(Conflict):
        actions.set_plan(
            release=story.release, environment=plan.environment, steps=STEPS, targets=[], kpis=[], actor=story.rhea
        )
