"""What was promised about growth and the way back, each on real rows with real commits."""

import threading
from collections.abc import Callable

import pytest
from pytest_django import Settings

from core import clock
from core.errors import Conflict, Forbidden, Refused
from core.models import User
from core.weights import FULL
from flags import actions as flag_actions
from flags.models import FlagSet, FlagState, ServingProcess
from releases import actions as releases
from releases.models import Build, Slot
from rollouts import actions, apply, engine
from rollouts.choices import RolloutState
from rollouts.models import KpiState, Rollout, Target
from tests.rollouts.hands import baked, in_background, route
from tests.rollouts.story import Story, run_until, visitors

Told = Callable[..., Story]


def test_p1_it_starts_only_with_every_gate_open(told: Told) -> None:
    story = told()
    freeze = releases.add_freeze(
        product=story.release.product,
        reason="Black Friday",
        starts_at=clock.now(),
        ends_at=clock.now().replace(year=2099),
        actor=story.rhea,
    )
    with pytest.raises(Refused, match="Freeze"):
        actions.start_rollout(release=story.release, actor=story.rhea)
    assert not Rollout.objects.exists() and not Target.objects.exists()
    releases.lift_freeze(freeze=freeze, actor=story.rhea)
    assert actions.start_rollout(release=story.release, actor=story.rhea).step == 0


def test_p1_a_gate_that_closed_since_the_look_stops_the_write(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    looked = baked(rollout)
    releases.add_freeze(
        product=story.release.product,
        reason="Black Friday",
        starts_at=clock.now(),
        ends_at=clock.now().replace(year=2099),
        actor=story.rhea,
    )
    assert actions.advance(rollout=looked) is False
    looked.refresh_from_db()
    assert (looked.step, looked.desired) == (0, 5_000)
    engine.tick([rollout.pk])
    looked.refresh_from_db()
    assert looked.state == RolloutState.HELD and "Black Friday" in looked.reasons[0]


def test_p1_without_that_gate_the_same_write_goes_through(at_five: tuple[Story, Rollout]) -> None:
    assert actions.advance(rollout=baked(at_five[1])) is True


def test_p1_what_runs_is_not_what_was_signed_holds(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    other, _ = releases.register_build(
        product=story.release.product, version="2.1", digest=f"sha256:{'c' * 64}", actor=story.emil
    )
    green = Slot.objects.get(name="green")
    releases.register_deployment(build=other, environment=green.environment, slot=green, actor=story.emil)
    assert actions.advance(rollout=baked(rollout)) is False
    engine.tick([rollout.pk])
    rollout.refresh_from_db()
    assert rollout.state == RolloutState.HELD and "Running build" in rollout.reasons[0]


def test_p1_the_candidate_cannot_change_under_a_live_rollout(at_five: tuple[Story, Rollout]) -> None:
    story, _ = at_five
    with pytest.raises(Conflict, match="live rollout"):
        releases.set_candidate(release=story.release, build=Build.objects.get(version="1.9"), actor=story.rhea)


def test_p1_a_flag_grows_only_through_its_rollout(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    with pytest.raises(Refused, match="only through its rollout"):
        flag_actions.set_weight(flag=story.flags[0], environment=rollout.environment, weight=FULL, actor=story.rhea)


def test_p1_who_may_start_and_stop(told: Told, otto: User, tomas: User, quinn: User) -> None:
    story = told(bake=600)
    for stranger in (otto, tomas, story.emil, story.bea):
        with pytest.raises(Forbidden):
            actions.start_rollout(release=story.release, actor=stranger)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    for stranger in (otto, tomas):
        with pytest.raises(Forbidden):
            actions.roll_back(rollout=rollout, actor=stranger, reason="because")
        with pytest.raises(Forbidden):
            actions.hold(rollout=rollout, actor=stranger, reason="because")
    actions.hold(rollout=rollout, actor=quinn, reason="looks odd")
    with pytest.raises(Forbidden):
        actions.resume(rollout=rollout, actor=quinn)
    actions.resume(rollout=rollout, actor=story.rhea)
    actions.roll_back(rollout=rollout, actor=story.emil, reason="it is odd")


def test_p1_a_step_waits_for_its_team(told: Told, storefront: object, quinn: User) -> None:
    story = told(go_team=quinn.teams.get())
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    with visitors(story.log):
        run_until(rollout, lambda row: row.state == RolloutState.HELD and "QA must press go" in row.reasons[0])
        with pytest.raises(Forbidden):
            actions.press_go(rollout=rollout, actor=story.rhea)
        actions.press_go(rollout=rollout, actor=quinn)
        with pytest.raises(Conflict):
            actions.press_go(rollout=rollout, actor=quinn)
        run_until(rollout, lambda row: row.step >= 1)


def test_p3_silence_never_advances(told: Told) -> None:
    story = told()
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    for _ in range(5):
        engine.tick([rollout.pk])
    rollout.refresh_from_db()
    assert rollout.step == 0 and rollout.state != RolloutState.WATCH


def test_p3_a_source_that_is_not_there_never_advances(told: Told, settings: Settings) -> None:
    story = told()
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    settings.SLIPWAY_METRICS = {}
    KpiState.objects.filter(rollout=rollout).update(verdict="pass", folded_at=clock.now())
    engine.tick([rollout.pk])
    engine.tick([rollout.pk])
    rollout.refresh_from_db()
    assert rollout.step == 0 and rollout.is_live


def test_p3_long_silence_pauses_and_pages(told: Told) -> None:
    story = told(bake=600, no_data_seconds=1)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    run_until(rollout, lambda row: row.state == RolloutState.PAUSED)
    assert rollout.reasons[0].endswith("The plan allows 1\u00a0s without data.")
    assert story.rhea.messages.filter(kind="rollout_paused").count() == 1


def test_p9_one_live_rollout_per_target(at_five: tuple[Story, Rollout], told: Told) -> None:
    story, _ = at_five
    second = told(name="Search 2.1")
    with pytest.raises(Conflict, match="is moved by Search 2.0, which is running"):
        actions.start_rollout(release=second.release, actor=story.rhea)
    with pytest.raises(Conflict, match="not in its rollback window"):
        actions.supersede(release=second.release, actor=story.rhea, reason="urgent")
    assert Rollout.objects.count() == 1


def test_p9_two_starts_at_once_make_one(told: Told) -> None:
    story, second = told(), told(name="Search 2.1")
    raised = in_background(
        lambda: actions.start_rollout(release=story.release, actor=story.rhea),
        lambda: actions.start_rollout(release=second.release, actor=story.rhea),
    )
    assert sorted(type(error).__name__ for error in raised) == ["Conflict", "NoneType"]
    assert Target.objects.filter(live=True, router="route").count() == 1


def test_p9_a_window_ends_only_by_an_explicit_supersede(told: Told) -> None:
    story = told(watch=600)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    with visitors(story.log):
        run_until(rollout, lambda row: row.state == RolloutState.WATCH)
    second = told(name="Search 2.1")
    with pytest.raises(Conflict, match="watching"):
        actions.start_rollout(release=second.release, actor=story.rhea)
    newer = actions.supersede(release=second.release, actor=story.rhea, reason="2.0 is fine")
    rollout.refresh_from_db()
    assert (rollout.state, rollout.superseded_by) == (RolloutState.COMPLETED, newer)
    assert apply.owned(rollout) and all(target.router == "flag" for target in apply.owned(rollout))


def test_p10_flags_follow_before_the_route_grows(told: Told) -> None:
    story = told(bake=600)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    flag = story.flags[0]
    flag_actions.kill(flag=flag, environment=rollout.environment, actor=story.rhea, reason="not yet")
    for _ in range(3):
        engine.tick([rollout.pk])
    assert route().content()["weights"] == {}
    assert Target.objects.get(rollout=rollout, key=flag.key).problem.endswith("kill switch.")
    flag_actions.enable(flag=flag, environment=rollout.environment, actor=story.rhea, claim=story.release.subject)
    engine.tick([rollout.pk])
    assert set(route().content()["weights"].values()) == {5_000}


def test_p10_flags_that_carry_move_together(told: Told) -> None:
    story = told(carried_by_flags=True)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    with visitors(story.log):
        run_until(rollout, lambda row: row.step == 1 and row.baked_since is not None)
    states = FlagState.objects.filter(flag__in=story.flags, environment=rollout.environment).select_related("flag")
    assert {state.weight for state in states} == {rollout.desired}
    assert len({state.flag.seed for state in states}) == 1


def test_p10_nobody_ever_sees_one_flag_of_a_release_without_the_other(told: Told) -> None:
    story = told(carried_by_flags=True)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    seen: set[tuple[int, ...]] = set()
    over = threading.Event()

    def look() -> None:
        states = FlagState.objects.filter(flag__in=story.flags, environment=rollout.environment)
        while not over.is_set():
            seen.add(
                tuple(states.order_by("flag__key").values_list("weight", flat=True))
            )  # one statement, one snapshot

    def move() -> None:
        try:
            with visitors(story.log):
                run_until(rollout, lambda row: row.step == 2)
            actions.roll_back(rollout=rollout, actor=story.rhea, reason="to see")
        finally:
            over.set()

    assert in_background(look, move) == [None, None]
    assert {weights[0] for weights in seen} >= {0, 5_000, 25_000}
    assert all(one == other for one, other in seen)


def test_p10_a_serving_process_that_is_behind_keeps_the_route_waiting(told: Told) -> None:
    story = told(bake=600)
    environment = story.plan.environment
    late = ServingProcess.objects.create(process="web-7", environment=environment, version=0, seen_at=clock.now())
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    engine.tick([rollout.pk])
    rollout.refresh_from_db()
    assert rollout.baked_since is None and route().content()["weights"] == {}
    assert "web-7 serves an older version" in Target.objects.filter(router="flag")[0].problem
    late.version, late.seen_at = FlagSet.objects.get(environment=environment).version, clock.now()
    late.save()
    run_until(rollout, lambda row: row.baked_since is not None)
    assert set(route().content()["weights"].values()) == {5_000}
