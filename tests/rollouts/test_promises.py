"""What was promised about growth and the way back, each on real rows with real commits."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from pytest_django import Settings

from core import clock
from core.errors import Conflict, Forbidden, Refused
from core.models import User
from core.weights import FULL
from flags import actions as flag_actions
from flags.models import FlagState
from releases import actions as releases
from releases.choices import ReleaseStatus
from releases.models import Build, Release, Slot
from rollouts import actions, apply, engine, routers
from rollouts.choices import RolloutState
from rollouts.models import KpiState, Rollout, Target
from rollouts.routers.recording import RecordingRouter
from rollouts.writing import locked, writing
from tests.rollouts.story import Story, run_until, visitors

Told = Callable[..., Story]


def route(alias: str = "route") -> RecordingRouter:
    found = routers.get(alias)
    assert isinstance(found, RecordingRouter)
    return found


def in_background(*acts: Callable[[], object]) -> list[BaseException | None]:
    """Run all at once, each on a connection of its own; what each raised."""
    raised: list[BaseException | None] = [None] * len(acts)

    def run(number: int) -> None:
        try:
            acts[number]()
        except BaseException as error:
            raised[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.fixture
def at_five(told: Told) -> tuple[Story, Rollout]:
    """5 % confirmed, long before its bake is over."""
    story = told(bake=600)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    return story, run_until(rollout, lambda row: row.baked_since is not None)


def baked(rollout: Rollout) -> Rollout:
    """The same rollout, as if its step had baked and every KPI passed just now."""
    past = rollout.started_at
    Rollout.objects.filter(pk=rollout.pk).update(baked_since=past, pinned=_without_bakes(rollout))
    KpiState.objects.filter(rollout=rollout).update(
        verdict="pass", folded_at=clock.now(), numbers={"since": past.timestamp(), "canary_users": 50}
    )
    return Rollout.objects.select_related("release__product").get(pk=rollout.pk)


def _without_bakes(rollout: Rollout) -> dict[str, object]:
    steps = [{**step, "bake_seconds": 0} for step in rollout.pinned["steps"]]
    return {**rollout.pinned, "steps": steps}


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
    assert "no data" in rollout.reasons[0]
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
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT xmin::text) FROM flags_flagstate WHERE id = ANY(%s)",
            [[state.pk for state in states]],
        )
        assert cursor.fetchone() == (1,)  # written by one transaction: no snapshot has one without the other


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
