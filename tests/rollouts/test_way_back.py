"""P2: there is always a way back, each time on real rows with real commits."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from pytest_django import Settings

from core import clock
from core.errors import Conflict
from flags import actions as flag_actions
from flags.models import Flag, FlagState
from releases.choices import ReleaseStatus
from releases.models import Release
from rollouts import actions, apply, engine, routers
from rollouts.choices import RolloutState
from rollouts.models import Rollout, Target
from rollouts.writing import locked, writing
from tests.rollouts.hands import baked, in_background, route
from tests.rollouts.story import Story, run_until, visitors

Told = Callable[..., Story]


def test_p2_one_click_with_no_queue_and_no_worker(at_five: tuple[Story, Rollout], settings: Settings) -> None:
    story, rollout = at_five
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    began = time.monotonic()
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
    took = time.monotonic() - began
    rollout.refresh_from_db()
    assert rollout.state == RolloutState.ROLLED_BACK and rollout.restored_at is not None
    assert set(route().content()["weights"].values()) == {0}
    assert {state.weight for state in FlagState.objects.filter(environment=rollout.environment)} == {0}
    assert Release.objects.get(pk=story.release.pk).status == ReleaseStatus.ROLLED_BACK
    assert took < 3


def test_p2_again_is_harmless_and_after_the_end_it_is_refused(told: Told) -> None:
    story = told()
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    with visitors(story.log):
        run_until(rollout, lambda row: not row.is_live)
    with pytest.raises(Conflict, match="over"):
        actions.roll_back(rollout=rollout, actor=story.rhea, reason="too late")


def test_p2_no_lock_of_a_product_or_release_is_waited_for(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    locked, done = threading.Event(), threading.Event()

    def occupy() -> None:
        with transaction.atomic():
            Release.objects.select_for_update(of=("self",)).get(pk=story.release.pk)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(81, %s)", [story.release.product_id])
            locked.set()
            done.wait(20)

    def back() -> None:
        locked.wait(10)
        try:
            actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
        finally:
            done.set()

    assert in_background(occupy, back) == [None, None]
    rollout.refresh_from_db()
    assert rollout.state == RolloutState.ROLLED_BACK
    assert set(route().content()["weights"].values()) == {0}
    engine.tick([rollout.pk])  # what had to wait for the release follows
    assert Release.objects.get(pk=story.release.pk).status == ReleaseStatus.ROLLED_BACK


def test_p2_a_broken_router_delays_no_other(told: Told) -> None:
    story = told(bake=600, routes=("broken", "route"))
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    Target.objects.filter(rollout=rollout, router="route").update(observed=5_000)
    began = time.monotonic()
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
    assert time.monotonic() - began < 4
    when = {row.router: row.confirmed_at for row in Target.objects.filter(rollout=rollout)}
    assert when["broken"] is None
    rollout.refresh_from_db()
    assert rollout.ended_at is not None and rollout.restored_at is None
    for alias in ("route", "flag"):
        at = when[alias]
        assert at is not None and (at - rollout.ended_at).total_seconds() < 1


def test_p2_it_waits_for_no_gate_and_no_metric(at_five: tuple[Story, Rollout], settings: Settings) -> None:
    story, rollout = at_five
    settings.GATES = ["rollouts.gates.no_such_gate"]
    settings.SLIPWAY_METRICS = {}
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
    rollout.refresh_from_db()
    assert rollout.restored_at is not None


def test_p2_it_takes_over_the_lease_of_a_dead_worker(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    Target.objects.filter(rollout=rollout).update(leased_until=clock.now().replace(year=2099))
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
    rollout.refresh_from_db()
    assert rollout.restored_at is not None


def test_p2_an_advance_decided_before_is_void(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    looked = baked(rollout)
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
    assert actions.advance(rollout=looked) is False
    assert set(Target.objects.filter(rollout=rollout).values_list("desired", flat=True)) == {0}


def test_p2_a_late_write_is_undone_by_the_next_tick(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
    target = Target.objects.get(rollout=rollout, router="route")
    place = apply.place(Rollout.objects.select_related("release").get(pk=rollout.pk), target)
    route().send([routers.Change(place=place, weight=25_000, fence=target.fence - 1)])
    engine.tick([rollout.pk])
    assert set(route().content()["weights"].values()) == {0}


def test_p2_two_people_and_two_workers_at_once(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    looked = baked(rollout)
    raised = in_background(
        lambda: actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call"),
        lambda: actions.roll_back(rollout=rollout, actor=story.emil, reason="errors rise"),
        lambda: actions.advance(rollout=looked),
        lambda: engine.tick([rollout.pk]),
    )
    assert [error for error in raised if not isinstance(error, OperationalError)].count(None) >= 3
    engine.tick([rollout.pk])
    rollout.refresh_from_db()
    assert rollout.state == RolloutState.ROLLED_BACK
    assert set(route().content()["weights"].values()) == {0}
    story.release.refresh_from_db()


def test_p2_a_process_frozen_with_the_rows_locked_does_not_keep_it(at_five: tuple[Story, Rollout]) -> None:
    """As a worker stopped in the middle of its transaction: PostgreSQL takes the lock from it."""
    story, rollout = at_five
    locked_now, done = threading.Event(), threading.Event()

    def freeze() -> None:
        with writing():
            locked(rollout)
            locked_now.set()
            done.wait(30)

    def back() -> None:
        locked_now.wait(10)
        try:
            actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
        finally:
            done.set()

    frozen, failed = in_background(freeze, back)
    assert isinstance(frozen, DatabaseError) and failed is None
    rollout.refresh_from_db()
    assert rollout.restored_at is not None


def test_p2_after_it_every_target_is_read_back_and_put_right(at_five: tuple[Story, Rollout]) -> None:
    """Flags as well as routes: a late write may come at any time."""
    story, rollout = at_five
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
    heard = dict(Target.objects.filter(rollout=rollout).values_list("key", "observed_at"))
    FlagState.objects.filter(flag=story.flags[0], environment=rollout.environment).update(weight=25_000, withheld=False)
    route().forget()
    engine.tick([rollout.pk])
    assert {state.weight for state in FlagState.objects.filter(environment=rollout.environment)} == {0}
    for target in Target.objects.filter(rollout=rollout):
        assert target.is_confirmed and target.observed_at is not None
        before = heard[target.key]
        assert before is not None and target.observed_at > before


def test_p2_what_another_release_has_taken_over_is_left_to_it(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
    Target.objects.filter(rollout=rollout, router="flag").update(observed=None, confirmed_at=None)
    Rollout.objects.filter(pk=rollout.pk).update(restored_at=None)
    states = FlagState.objects.filter(flag=story.flags[0], environment=rollout.environment)
    Flag.objects.filter(pk=story.flags[0].pk).update(claim="release:77", claim_label="Search 2.1")
    engine.tick([rollout.pk])
    rollout.refresh_from_db()
    assert rollout.restored_at is not None, "nobody had it when it was taken over"
    states.update(weight=25_000, withheld=False)
    engine.tick([rollout.pk])
    assert states.get().weight == 25_000
    assert Target.objects.get(rollout=rollout, key=story.flags[0].key).problem == ""


def test_after_a_completion_flags_are_peoples_again(told: Told) -> None:
    story = told()
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    with visitors(story.log):
        run_until(rollout, lambda row: not row.is_live)
    flag = story.flags[0]
    flag_actions.set_weight(flag=flag, environment=rollout.environment, weight=50_000, actor=story.rhea)
    route().forget()
    engine.tick([rollout.pk])
    assert FlagState.objects.get(flag=flag, environment=rollout.environment).weight == 50_000
    assert set(route().content()["weights"].values()) == {100_000}
