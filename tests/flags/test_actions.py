"""Changing flags: who may, what grows, what a late write can do, and what is recorded."""

from typing import Any

import pytest

from core.errors import Conflict, Forbidden, Refused
from core.models import AuditEntry, Environment, Product, User
from core.weights import FULL
from flags import actions
from flags.choices import Carrier
from flags.models import Flag, FlagSet, FlagState
from tests.flags.conftest import HOLDER, state_of


def move(
    flag: Flag, environment: Environment, weight: int, fence: int, claim: str = HOLDER, build: str = ""
) -> FlagState:
    return actions.move(flag=flag, environment=environment, weight=weight, build=build, claim=claim, fence=fence)


def version(environment: Environment) -> int:
    return FlagSet.objects.get(environment=environment).version


@pytest.mark.parametrize("change", [{"weight": 1}, {"weight": FULL}, {"weight": 5_000, "build": "sha256:2"}])
def test_p1_a_claimed_flag_does_not_grow_by_hand(
    claimed: Flag, production: Environment, rhea: User, change: dict[str, Any]
) -> None:
    before = version(production)
    with pytest.raises(Refused, match=r"Search 2\.0"):
        actions.set_weight(flag=claimed, environment=production, actor=rhea, **change)
    assert state_of(claimed, production).weight == 0
    assert version(production) == before


def test_p1_its_rollout_moves_it_and_nobody_else_does(claimed: Flag, production: Environment) -> None:
    assert move(claimed, production, 5_000, fence=1).weight == 5_000
    with pytest.raises(Refused):
        move(claimed, production, 50_000, fence=2, claim="release:8")
    assert state_of(claimed, production).weight == 5_000


def test_p1_lifting_the_kill_switch_of_a_claimed_flag_is_growth(
    claimed: Flag, production: Environment, rhea: User
) -> None:
    move(claimed, production, 25_000, fence=1)
    actions.kill(flag=claimed, environment=production, actor=rhea)
    with pytest.raises(Refused):
        actions.enable(flag=claimed, environment=production, actor=rhea)
    assert actions.enable(flag=claimed, environment=production, actor=rhea, claim=HOLDER).enabled


def test_p1_a_killed_flag_stays_killed_while_its_rollout_moves(
    claimed: Flag, production: Environment, emil: User
) -> None:
    actions.kill(flag=claimed, environment=production, actor=emil)
    state = move(claimed, production, FULL, fence=1)
    assert (state.enabled, state.weight) == (False, FULL)


def test_p1_on_staging_testers_get_what_they_test(claimed: Flag, staging: Environment, emil: User) -> None:
    assert actions.set_weight(flag=claimed, environment=staging, weight=FULL, actor=emil).weight == FULL


def test_p1_a_flag_that_lost_its_claim_is_only_taken_back(claimed: Flag, production: Environment, rhea: User) -> None:
    move(claimed, production, 25_000, fence=1)
    actions.unclaim(holder=HOLDER, actor=rhea)
    with pytest.raises(Refused):
        move(claimed, production, 50_000, fence=2)
    assert move(claimed, production, 0, fence=3).weight == 0


@pytest.mark.parametrize("who", ["rhea", "emil"])
def test_p2_less_and_the_kill_switch_always_work(
    claimed: Flag, production: Environment, who: str, request: pytest.FixtureRequest
) -> None:
    actor: User = request.getfixturevalue(who)
    move(claimed, production, 25_000, fence=1)
    assert actions.set_weight(flag=claimed, environment=production, weight=5_000, actor=actor).weight == 5_000
    assert not actions.kill(flag=claimed, environment=production, actor=actor, reason="crashes").enabled
    entry = AuditEntry.objects.get(action="flag_killed")
    assert (entry.stream_id, entry.subject, entry.actor) == (HOLDER, f"flag:{claimed.pk}", actor)
    assert [text.text for text in entry.texts.all()] == ["crashes"]


def test_p2_a_late_write_cannot_undo_a_newer_one(claimed: Flag, production: Environment) -> None:
    move(claimed, production, 25_000, fence=5)
    move(claimed, production, 0, fence=6)
    with pytest.raises(Conflict):
        move(claimed, production, 25_000, fence=5)
    assert state_of(claimed, production).weight == 0


def test_p8_the_same_move_twice_changes_nothing(claimed: Flag, production: Environment) -> None:
    move(claimed, production, 5_000, fence=1)
    before = version(production), AuditEntry.objects.count()
    state = move(claimed, production, 5_000, fence=2)
    assert (version(production), AuditEntry.objects.count()) == before
    assert state_of(claimed, production).fence == state.fence == 2


def test_a_move_with_a_build_follows_the_route(claimed: Flag, production: Environment) -> None:
    state = move(claimed, production, 5_000, fence=1, build="sha256:2")
    assert (state.carrier, state.build) == (Carrier.BUILD, "sha256:2")


def test_a_finished_release_leaves_its_flags_on_for_the_next_build(
    claimed: Flag, production: Environment, staging: Environment
) -> None:
    move(claimed, production, FULL, fence=1, build="sha256:2")
    move(claimed, staging, 5_000, fence=1, build="sha256:2")
    actions.unclaim(holder=HOLDER, actor=None, settle=True)
    state = state_of(claimed, production)
    assert (state.carrier, state.weight, state.build) == (Carrier.PERCENTAGE, FULL, "")
    assert state.version == version(production)
    assert state_of(claimed, staging).build == "sha256:2"  # not everybody had it there
    with pytest.raises(Refused):
        move(claimed, production, FULL, fence=2, build="sha256:2")  # a late write of the finished rollout


def test_p10_a_split_flag_keeps_its_users_when_it_is_claimed(typo: Flag, production: Environment, rhea: User) -> None:
    actions.set_weight(flag=typo, environment=production, weight=5_000, actor=rhea)
    with pytest.raises(Refused, match="5\u00a0%"):
        actions.claim(flags=[typo], holder=HOLDER, label="Search 2.0", seed="another", actor=rhea)
    actions.claim(flags=[typo], holder=HOLDER, label="Search 2.0", seed=str(typo.seed), actor=rhea)


def test_p10_a_split_flag_that_is_killed_keeps_its_users_too(
    typo: Flag, production: Environment, emil: User, rhea: User
) -> None:
    actions.set_weight(flag=typo, environment=production, weight=30_000, actor=emil)
    actions.kill(flag=typo, environment=production, actor=emil)
    with pytest.raises(Refused, match="other users"):
        actions.claim(flags=[typo], holder="release:8", label="S", seed="another", actor=rhea)


def test_one_claim_at_a_time(claimed: Flag, rhea: User) -> None:
    again = actions.claim(flags=[claimed], holder=HOLDER, label="Search 2.1", seed="release-7", actor=rhea)
    assert again[0].claim_label == "Search 2.1"
    with pytest.raises(Conflict, match=r"Search 2\.1"):
        actions.claim(flags=[claimed], holder="release:8", label="Other", seed="s", actor=rhea)
    assert actions.unclaim(holder=HOLDER, actor=rhea) == [claimed]
    actions.claim(flags=[claimed], holder="release:8", label="Other", seed="s", actor=rhea)


def test_every_change_brings_one_version(typo: Flag, production: Environment, staging: Environment, emil: User) -> None:
    here, there = version(production), version(staging)
    state = actions.set_weight(flag=typo, environment=production, weight=1, actor=emil)
    assert state.version == version(production) == here + 1
    assert version(staging) == there
    actions.claim(flags=[typo], holder=HOLDER, label="Search 2.0", seed=str(typo.seed), actor=emil)
    assert (version(production), version(staging)) == (here + 2, there + 1)


@pytest.mark.parametrize("who", ["otto", "tomas", "bea", "ines"])
def test_only_those_who_build_and_release_change_flags(
    typo: Flag, production: Environment, storefront: Product, who: str, request: pytest.FixtureRequest
) -> None:
    actor: User = request.getfixturevalue(who)
    here: dict[str, Any] = {"flag": typo, "environment": production, "actor": actor}
    attempts = [
        lambda: actions.create_flag(product=storefront, key="mine", name="Mine", actor=actor),
        lambda: actions.describe_flag(flag=typo, actor=actor, name="Mine"),
        lambda: actions.set_weight(weight=1, **here),
        lambda: actions.kill(**here),
        lambda: actions.enable(**here),
        lambda: actions.claim(flags=[typo], holder=HOLDER, label="x", seed="s", actor=actor),
    ]
    for attempt in attempts:
        with pytest.raises(Forbidden):
            attempt()
    assert not FlagState.objects.exclude(weight=0, enabled=True).exists()
    assert Flag.objects.get() == typo


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"key": ""}, "key"),
        ({"key": "a b"}, "key"),
        ({"key": "search-typo"}, "key"),
        ({"key": "x" * 101}, "key"),
        ({"name": ""}, "name"),
    ],
)
def test_p12_a_wrong_flag_is_refused_by_field(typo: Flag, emil: User, fields: dict[str, str], wrong: str) -> None:
    with pytest.raises(Refused) as refused:
        actions.create_flag(**{"product": typo.product, "key": "fresh", "name": "Fresh", "actor": emil, **fields})  # type: ignore[arg-type]
    assert refused.value.field == wrong
    assert Flag.objects.count() == 1


@pytest.mark.parametrize("weight", [-1, FULL + 1, 0.5, True, "5"])
def test_p12_a_weight_out_of_range_is_refused(typo: Flag, production: Environment, emil: User, weight: Any) -> None:
    with pytest.raises(Refused) as refused:
        actions.set_weight(flag=typo, environment=production, weight=weight, actor=emil)
    assert refused.value.field == "weight"


def test_p12_an_environment_of_another_product_is_refused(typo: Flag, emil: User) -> None:
    other = Product.objects.create(name="Other", slug="other").environments.create(name="production", slug="production")
    with pytest.raises(Refused) as refused:
        actions.set_weight(flag=typo, environment=other, weight=0, actor=emil)
    assert refused.value.field == "environment"
