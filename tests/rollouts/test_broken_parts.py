"""P2, P3: a gate or a metric source that breaks stops growth, and neither the judging nor the way back."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from releases.gates import Gate, Question
from rollouts import actions, engine
from rollouts.choices import RolloutState, VerdictKind
from rollouts.metrics.access_log import AccessLogSource
from rollouts.models import KpiState, Rollout
from tests.rollouts.hands import baked
from tests.rollouts.story import Story, run_until, visitors

Told = Callable[..., Story]


def broken_gate(question: Question) -> list[Gate]:
    raise KeyError("nobody wrote this case")


class HangingSource(AccessLogSource):
    def read(self, *_: Any, **__: Any) -> Any:
        time.sleep(60)


class BrokenSource(AccessLogSource):
    def read(self, *_: Any, **__: Any) -> Any:
        raise KeyError("nobody wrote this case")


@pytest.fixture
def broken(settings: Settings) -> Callable[[], None]:
    def do() -> None:
        settings.GATES = [*settings.GATES, f"{__name__}.broken_gate"]

    return do


def test_p1_a_gate_that_breaks_lets_nothing_grow(
    at_five: tuple[Story, Rollout], broken: Callable[[], None], client: Client
) -> None:
    story, rollout = at_five
    broken()
    assert actions.advance(rollout=baked(rollout)) is False
    engine.tick([rollout.pk])
    rollout.refresh_from_db()
    assert (rollout.state, rollout.step) == (RolloutState.HELD, 0)
    assert "could not be asked (KeyError)" in rollout.reasons[0]
    client.force_login(story.rhea)
    page = client.get(reverse("rollout", args=[rollout.pk]))
    assert page.status_code == 200 and reverse("rollout-roll-back", args=[rollout.pk]) in page.content.decode()
    assert client.post(reverse("rollout-roll-back", args=[rollout.pk])).status_code == 303
    rollout.refresh_from_db()
    assert rollout.restored_at is not None


def test_p2_harm_rolls_back_although_a_gate_is_broken(told: Told, broken: Callable[[], None]) -> None:
    story = told(bake=60)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    broken()
    with visitors(story.log, canary=0.5):
        run_until(rollout, lambda row: row.restored_at is not None)
    assert rollout.cause["kpi"] == "Failed searches"


@pytest.mark.parametrize(("kind", "said"), [("BrokenSource", "KeyError"), ("HangingSource", "not answered")])
def test_p2_harm_rolls_back_although_another_kpis_source_is_broken(
    told: Told, settings: Settings, kind: str, said: str
) -> None:
    story = told(bake=60)
    options = settings.SLIPWAY_METRICS["visits"]["options"]
    source = {"backend": f"{__name__}.{kind}", "options": options}
    settings.SLIPWAY_METRICS = {**settings.SLIPWAY_METRICS, "broken": source}
    first = story.plan.kpis.get()
    story.plan.kpis.create(name="Broken", source="broken", query=first.query, order=0)
    first.order = 1
    first.save()
    rollout = start_unsigned(story, settings)
    with visitors(story.log, canary=0.5):
        run_until(rollout, lambda row: row.restored_at is not None)
    assert rollout.cause["kpi"] == "Failed searches"
    silent = KpiState.objects.get(rollout=rollout, kpi__name="Broken")
    assert silent.verdict == VerdictKind.NO_DATA and said in silent.problem


def start_unsigned(story: Story, settings: Settings) -> Rollout:
    """The plan was changed after its signature, which is not what this is about."""
    settings.GATES = [path for path in settings.GATES if path != "approvals.gates.signoff"]
    return actions.start_rollout(release=story.release, actor=story.rhea)


def test_p3_resuming_under_silence_gives_it_its_patience_again_and_nothing_more(told: Told) -> None:
    story = told(bake=0, no_data_seconds=2)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    run_until(rollout, lambda row: row.state == RolloutState.PAUSED)
    actions.resume(rollout=rollout, actor=story.rhea)
    engine.tick([rollout.pk])
    rollout.refresh_from_db()
    assert rollout.state != RolloutState.PAUSED
    run_until(rollout, lambda row: row.state == RolloutState.PAUSED)
    assert rollout.step == 0
