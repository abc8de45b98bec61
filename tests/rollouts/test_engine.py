"""The engine on real rows, real flags, a real log; only the proxy is a recording."""

from collections.abc import Callable

from core.models import AuditEntry, OutboxMessage
from core.weights import FULL
from flags.models import FlagState
from releases.choices import ReleaseStatus
from rollouts import actions
from rollouts.choices import RolloutState
from rollouts.models import Measurement, Rollout, Target
from tests.rollouts.story import Story, run_until, visitors

Told = Callable[..., Story]


def of(rollout: Rollout, action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(subject=rollout.subject, action=action).order_by("seq"))


def ended(rollout: Rollout) -> bool:
    return not rollout.is_live


def test_it_goes_to_everyone_and_completes(told: Told) -> None:
    story = told()
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    with visitors(story.log):
        run_until(rollout, ended)
    assert rollout.state == RolloutState.COMPLETED
    assert [entry.data["step"] for entry in of(rollout, "rollout_advanced")] == [1, 2]
    assert [entry.data["percent"] for entry in of(rollout, "rollout_confirmed")] == ["5\xa0%", "25\xa0%", "100\xa0%"]
    assert set(Target.objects.filter(rollout=rollout).values_list("desired", "observed", "live")) == {
        (FULL, FULL, False)
    }
    story.release.refresh_from_db()
    assert story.release.status == ReleaseStatus.COMPLETED
    states = FlagState.objects.filter(flag__in=story.flags, environment=rollout.environment)
    assert {(state.weight, state.carrier, state.flag.claim) for state in states} == {(FULL, "percentage", "")}
    assert {row.kind for row in OutboxMessage.objects.all()} >= {"rollout_started", "rollout_completed"}
    assert Measurement.objects.filter(state__rollout=rollout).exists()


def test_it_rolls_back_what_hurts_users_and_says_why(told: Told) -> None:
    story = told(bake=20)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    with visitors(story.log, canary=0.4):
        run_until(rollout, lambda row: row.restored_at is not None)
    assert rollout.state == RolloutState.ROLLED_BACK
    assert rollout.cause["kpi"] == "Failed searches" and rollout.cause["canary"] > rollout.cause["stable"]
    assert rollout.cause["e_value"] >= rollout.cause["bound"] and rollout.cause["step"] == 0
    assert set(Target.objects.filter(rollout=rollout).values_list("desired", "observed")) == {(0, 0)}
    story.release.refresh_from_db()
    assert story.release.status == ReleaseStatus.ROLLED_BACK
    (entry,) = of(rollout, "rollout_rolled_back")
    assert "evidence of harm" in entry.data["because"]
    assert OutboxMessage.objects.filter(kind="rollout_rolled_back", recipient=story.rhea).count() == 1
    assert len(of(rollout, "rollout_restored")) == 1


def test_a_drifted_router_is_put_back(told: Told) -> None:
    from rollouts import routers
    from rollouts.routers.recording import RecordingRouter

    story = told(bake=60)
    rollout = actions.start_rollout(release=story.release, actor=story.rhea)
    with visitors(story.log):
        run_until(rollout, lambda row: row.baked_since is not None)
        route = routers.get("route")
        assert isinstance(route, RecordingRouter)
        route.forget()
        run_until(rollout, lambda row: route.content()["weights"] != {})
    (weight,) = route.content()["weights"].values()
    assert weight == 5_000 and rollout.step == 0
