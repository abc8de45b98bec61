"""P1: no pin, rule, value, segment, need, restore, schedule or archive gives a claimed flag to anybody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.errors import Conflict, Refused
from core.models import Environment, Product, User
from flags import actions
from flags.choices import ChangeState
from flags.models import Flag, FlagState, FlagVersion, PlannedChange, Segment
from tests.flags.conftest import HOLDER, state_of

STAFF = {"attribute": "group", "op": "equals", "value": "staff"}


def with_rule(when: dict[str, Any], variant: str = "on") -> dict[str, Any]:
    return {"rules": [{"name": "Some", "when": when, "serve": {"variant": variant}}]}


class World:
    """A flag at 5 % of production under a rollout, and what else could give it to somebody."""

    def __init__(self, flag: Flag, production: Environment, emil: User) -> None:
        self.product, self.flag, self.production, self.emil = flag.product, flag, production, emil
        self.beta = actions.create_segment(product=self.product, key="beta", name="Beta", condition=STAFF, actor=emil)
        self.index = actions.create_flag(product=self.product, key="index", name="Index", actor=emil)
        needs = {"needs": [{"flag": "index", "variants": ["on"]}], **with_rule({"segment": "beta"}, "off")}
        self.set(needs)
        self.at_set = state_of(flag, production).version
        for weight, fence in ((50_000, 1), (5_000, 2)):
            move(flag, production, weight, fence)

    def set(self, targeting: dict[str, Any]) -> None:
        self.submit(targeting=targeting)

    def submit(self, **changes: Any) -> None:
        """By the door that all pages take."""
        actions.submit_change(
            flag=self.flag, environment=self.production, changes=changes, actor=self.emil, action="flag_targeting_set"
        )


def move(flag: Flag, environment: Environment, weight: int, fence: int) -> FlagState:
    return actions.move(flag=flag, environment=environment, weight=weight, build="", claim=HOLDER, fence=fence)


@pytest.fixture
def world(claimed: Flag, production: Environment, emil: User) -> World:
    return World(claimed, production, emil)


def opened(flag: Flag, environment: Environment, actor: User, **when: Any) -> None:
    said: dict[str, Any] = {"flag": flag, "environment": environment, "actor": actor, **when}
    actions.submit_change(changes={"withheld": False}, action="flag_opened", **said)


def at_half(world: World) -> int:
    half = FlagVersion.objects.filter(flag=world.flag, environment=world.production, definition__weight=50_000)
    return half.get().version


def scheduled(world: World) -> None:
    actions.submit_change(
        flag=world.flag,
        environment=world.production,
        changes={"carrier": "percentage", "weight": 100_000, "build": ""},
        actor=world.emil,
        action="flag_weight_set",
        due_at=clock.now() + timedelta(hours=1),
    )


WAYS: dict[str, Callable[[World], object]] = {
    "a pin": lambda w: w.set({"pins": {"u-1": "on"}}),
    "a rule": lambda w: w.set(with_rule(STAFF)),
    "a need less": lambda w: w.set(with_rule({"segment": "beta"}, "off")),
    "a rule against it less": lambda w: w.set({"needs": [{"flag": "index", "variants": ["on"]}]}),
    "another off-variant": lambda w: w.set({"off": "on"}),
    "more weight": lambda w: w.submit(carrier="percentage", weight=5_001, build=""),
    "following a build": lambda w: w.submit(carrier="build", weight=5_000, build="sha256:9"),
    "an old version": lambda w: w.submit(**actions.restoring(w.flag, w.production, at_half(w))),
    "a schedule": scheduled,
    "another value of what is given": lambda w: actions.set_variants(
        flag=w.flag, variants=[{"name": "on", "value": True}, {"name": "off", "value": True}], actor=w.emil
    ),
    "a segment of its rules": lambda w: actions.change_segment(
        segment=w.beta, name="Beta", description="", condition={**STAFF, "value": "x"}, actor=w.emil
    ),
    "a flag that it needs": lambda w: actions.set_weight(
        flag=w.index, environment=w.production, weight=1, actor=w.emil
    ),
    "showing it to clients": lambda w: actions.describe_flag(flag=w.flag, actor=w.emil, for_clients=True),
    "archiving it": lambda w: actions.archive_flag(flag=w.flag, actor=w.emil),
    "archiving what it needs": lambda w: actions.archive_flag(flag=w.index, actor=w.emil),
}


@pytest.mark.parametrize("way", WAYS)
def test_p1_only_its_rollout_gives_a_claimed_flag_to_anybody(world: World, way: str) -> None:
    flag, production = world.flag, world.production
    before = state_of(flag, production)
    with pytest.raises((Refused, Conflict), match=r"Search 2\.0|needs it"):
        WAYS[way](world)
    after = state_of(flag, production)
    assert (after.version, after.targeting, after.weight) == (before.version, before.targeting, before.weight)
    assert not PlannedChange.objects.exists()
    assert Segment.objects.get().condition == STAFF and Flag.objects.get(pk=flag.pk).archived_at is None
    assert state_of(world.index, production).weight == 0


def test_p1_elsewhere_all_of_it_works(world: World, staging: Environment) -> None:
    actions.set_targeting(flag=world.flag, environment=staging, targeting=with_rule(STAFF), actor=world.emil)
    assert state_of(world.flag, staging).targeting["rules"]


def test_p1_before_its_rollout_rules_may_be_written_and_wait(
    claimed: Flag, production: Environment, emil: User
) -> None:
    assert state_of(claimed, production).withheld
    actions.set_targeting(flag=claimed, environment=production, targeting=with_rule(STAFF), actor=emil)
    state = state_of(claimed, production)
    assert state.withheld and state.targeting["rules"]
    with pytest.raises(Refused, match=r"Search 2\.0"):
        opened(claimed, production, emil)
    with pytest.raises(Refused, match=r"Search 2\.0"):
        opened(claimed, production, emil, due_at=clock.now() + timedelta(hours=1))
    move(claimed, production, 5_000, 1)
    assert not state_of(claimed, production).withheld
    with pytest.raises(Refused, match=r"Search 2\.0"):
        actions.set_targeting(flag=claimed, environment=production, targeting={}, actor=emil)
    assert move(claimed, production, 0, 2).withheld, "taken back, nobody has it by a rule either"


def test_p1_what_a_rollout_took_back_stays_back_when_it_is_free_again(
    claimed: Flag, production: Environment, emil: User, rhea: User
) -> None:
    actions.set_targeting(flag=claimed, environment=production, targeting=with_rule(STAFF), actor=emil)
    for weight, fence in ((5_000, 1), (0, 2)):
        move(claimed, production, weight, fence)
    actions.unclaim(holder=HOLDER, actor=rhea)
    assert state_of(claimed, production).withheld
    opened(claimed, production, emil)
    assert not state_of(claimed, production).withheld


def test_p1_a_flag_claimed_meanwhile_is_not_given_by_an_older_schedule(
    storefront: Product, typo: Flag, production: Environment, emil: User, rhea: User
) -> None:
    soon = clock.now() + timedelta(hours=1)
    changes = {"carrier": "percentage", "weight": 100_000, "build": ""}
    planned = actions.submit_change(
        flag=typo, environment=production, changes=changes, actor=emil, action="flag_weight_set", due_at=soon
    )
    assert isinstance(planned, PlannedChange)
    actions.claim(flags=[typo], holder=HOLDER, label="Search 2.0", seed="release-7", actor=rhea)
    PlannedChange.objects.filter(pk=planned.pk).update(due_at=clock.now())
    made = actions.make_due(change_id=planned.pk)
    assert made is not None and made.state == ChangeState.SUSPENDED
    assert state_of(typo, production).weight == 0


def test_p2_the_kill_switch_works_whatever_stands_in_its_way(world: World, production: Environment, emil: User) -> None:
    actions.kill(flag=world.index, environment=production, actor=emil, reason="it crashes")
    actions.kill(flag=world.flag, environment=production, actor=emil)
    assert not state_of(world.flag, production).enabled and not state_of(world.index, production).enabled
