"""Cold caches: what happens right after the canary's start is left out, and nothing passes meanwhile."""

from releases.models import Slot
from rollouts import judging, pins, seal
from rollouts.judge import Basis, Kind, Observation, Params, Side, State, fold, verdict
from rollouts.models import Rollout
from tests.rollouts.story import Story
from tests.rollouts.test_running import redeploy


def asked(rollout: Rollout, warm_up: int) -> Params:
    kpi = {**next(iter(rollout.pinned["kpis"].values())), "warm_up_seconds": warm_up}
    return judging.params(rollout, kpi, State(), Basis.USERS)


def test_it_lasts_from_the_first_users_and_from_each_deployment(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    assert rollout.baked_since is not None
    first = rollout.baked_since.timestamp()
    assert asked(rollout, 0).warm_until == 0
    assert asked(rollout, 60).warm_until == first + 60
    rollout.step = 1
    assert asked(rollout, 60).warm_until < first + 60, "later steps only wait for a new deployment"
    redeploy(story, "green", f"sha256:{'c' * 64}", "2.1")
    newest = Slot.objects.get(name="green").deployments.all()[0].deployed_at
    assert asked(rollout, 60).warm_until == newest.timestamp() + 60


def test_p3_nothing_passes_while_it_lasts() -> None:
    params = Params(since=0.0, warm_until=60.0)
    cold = [Observation(user, side, 30.0, user % 2 == 0) for user in range(100) for side in Side]
    said = verdict(fold(State(), cold, params), params, 31.0)
    assert said.kind is Kind.INCONCLUSIVE and "cold caches" in said.reason
    assert (said.canary_users, said.e_value) == (0, 1.0)


def test_p4_it_is_pinned_and_signed(at_five: tuple[Story, Rollout]) -> None:
    story, _ = at_five
    before = seal.plan(story.release).digest
    story.plan.kpis.update(warm_up_seconds=90)
    assert seal.plan(story.release).digest != before
    kpi = story.plan.kpis.get()
    assert pins.kpi_definition(kpi)["warm_up_seconds"] == 90
