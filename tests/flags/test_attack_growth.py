"""P1 and P2, attacked: what gives a flag to somebody without looking like growth, and what keeps less from working."""

from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.errors import Conflict, Refused
from core.models import Environment, Product, User
from core.weights import FULL
from flags import actions, definition
from flags.choices import ChangeState, ValueType
from flags.models import Flag, FlagVersion, PlannedChange, Segment
from tests.flags.conftest import HOLDER, state_of
from tests.flags.test_p1_no_way_round import STAFF, with_rule

ONE = {"attribute": "user.beta", "op": "equals", "value": 1}
BOTH_ON = [{"name": "on", "value": True}, {"name": "off", "value": True}]


@pytest.mark.parametrize("asleep", ["withheld", "killed"])
def test_p1_what_everybody_gets_while_it_is_off_is_given_by_nobody_else(
    claimed: Flag, production: Environment, emil: User, asleep: str
) -> None:
    if asleep == "killed":
        actions.kill(flag=claimed, environment=production, actor=emil)
    with pytest.raises(Refused, match=r"Search 2\.0"):
        actions.set_targeting(flag=claimed, environment=production, targeting={"off": "on"}, actor=emil)
    with pytest.raises(Refused, match=r"Search 2\.0"):
        actions.set_variants(flag=claimed, variants=BOTH_ON, actor=emil)


def test_p1_true_and_one_are_not_the_same_segment(
    claimed: Flag, storefront: Product, production: Environment, emil: User
) -> None:
    beta = actions.create_segment(product=storefront, key="beta", name="Beta", condition=ONE, actor=emil)
    actions.set_targeting(flag=claimed, environment=production, targeting=with_rule({"segment": "beta"}), actor=emil)
    move(claimed, production, 5_000, 1)
    with pytest.raises(Refused, match=r"Search 2\.0"):
        actions.change_segment(segment=beta, name="Beta", description="", condition={**ONE, "value": True}, actor=emil)
    assert Segment.objects.get().condition["value"] is not True


def test_what_looks_alike_in_python_is_a_change_all_the_same(
    typo: Flag, storefront: Product, production: Environment, emil: User
) -> None:
    for value in (1, True, 1.5):
        rule = with_rule({**ONE, "value": value})
        actions.set_targeting(flag=typo, environment=production, targeting=rule, actor=emil)
        kept = state_of(typo, production).targeting["rules"][0]["when"]["value"]
        assert (kept, type(kept)) == (value, type(value))
    layout = actions.create_flag(
        product=storefront,
        key="layout",
        name="Layout",
        actor=emil,
        type=ValueType.JSON,
        variants=[{"name": "a", "value": {"wide": 1}}],
    )
    actions.set_variants(flag=layout, variants=[{"name": "a", "value": {"wide": True}}], actor=emil)
    assert Flag.objects.get(pk=layout.pk).variants[0]["value"]["wide"] is True


def move(flag: Flag, environment: Environment, weight: int, fence: int, build: str = "") -> None:
    actions.move(flag=flag, environment=environment, weight=weight, build=build, claim=HOLDER, fence=fence)


DORMANT: dict[str, dict[str, Any]] = {
    "more weight": {"carrier": "percentage", "weight": FULL, "build": ""},
    "a pin": {"targeting": {"pins": {"u-1": "on"}}},
    "another carrier": {"carrier": "build", "weight": 5_000, "build": "sha256:1"},
}


@pytest.mark.parametrize("what", DORMANT)
def test_p1_what_is_written_while_a_flag_is_killed_is_not_given_when_it_is_on_again(
    claimed: Flag, production: Environment, emil: User, what: str
) -> None:
    move(claimed, production, 5_000, 1)
    actions.kill(flag=claimed, environment=production, actor=emil)
    with pytest.raises(Refused, match=r"Search 2\.0"):
        actions.change_state(
            flag=claimed, environment=production, changes=DORMANT[what], actor=emil, action="flag_changed"
        )
    assert actions.set_weight(flag=claimed, environment=production, weight=1_000, actor=emil).weight == 1_000


def test_p1_a_flag_comes_back_from_the_archive_after_what_it_needs(
    typo: Flag, storefront: Product, production: Environment, emil: User, rhea: User
) -> None:
    index = actions.create_flag(product=storefront, key="index", name="Index", actor=emil)
    actions.set_weight(flag=index, environment=production, weight=FULL, actor=emil)
    needs = {"needs": [{"flag": "index", "variants": ["on"]}]}
    actions.set_targeting(flag=typo, environment=production, targeting=needs, actor=emil)
    actions.set_weight(flag=typo, environment=production, weight=FULL, actor=emil)
    actions.archive_flag(flag=typo, actor=emil)
    actions.archive_flag(flag=index, actor=emil)
    with pytest.raises(Refused, match=r"cannot come back .* no other flag 'index'"):
        actions.unarchive_flag(flag=typo, actor=emil)
    assert Flag.objects.get(pk=typo.pk).archived_at and state_of(typo, production).weight == FULL
    actions.unarchive_flag(flag=index, actor=emil)
    actions.unarchive_flag(flag=typo, actor=emil)
    actions.claim(flags=[typo], holder=HOLDER, label="Search 2.0", seed=str(typo.seed), actor=rhea)
    with pytest.raises(Conflict, match="search-typo needs it"):
        actions.archive_flag(flag=index, actor=emil)


@pytest.mark.parametrize("second", [True, False])
def test_a_change_is_not_made_if_a_segment_of_it_became_another(
    typo: Flag, storefront: Product, production: Environment, emil: User, rhea: User, olga: User, second: bool
) -> None:
    """Nobody uses the segment yet, so that changing it looks harmless: but it is what was agreed to."""
    actions.want_second_person(environment=production, wanted=second, actor=olga)
    beta = actions.create_segment(product=storefront, key="beta", name="Beta", condition=STAFF, actor=emil)
    planned = actions.submit_change(
        flag=typo,
        environment=production,
        changes={"targeting": with_rule({"segment": "beta"})},
        actor=emil,
        action="flag_targeting_set",
        due_at=clock.now() + timedelta(hours=1),
    )
    assert isinstance(planned, PlannedChange)
    if second:
        actions.agree_to_change(change=planned, actor=rhea)
    everybody = {"not": {**STAFF, "value": "nobody"}}
    actions.change_segment(segment=beta, name="Beta", description="", condition=everybody, actor=emil)
    PlannedChange.objects.update(due_at=clock.now())
    made = actions.make_due(change_id=planned.pk)
    assert made is not None and made.state == ChangeState.SUSPENDED and "segment" in made.said
    assert state_of(typo, production).targeting["rules"] == []


def test_p2_back_to_nobody_is_never_growth_whatever_carries_it(
    claimed: Flag, production: Environment, emil: User
) -> None:
    actions.set_targeting(flag=claimed, environment=production, targeting=with_rule(STAFF), actor=emil)
    move(claimed, production, 5_000, 1, build="sha256:2")
    assert actions.set_weight(flag=claimed, environment=production, weight=0, actor=emil).weight == 0


def test_p7_the_record_answers_for_every_version(
    claimed: Flag, storefront: Product, production: Environment, staging: Environment, emil: User, rhea: User
) -> None:
    beta = actions.create_segment(product=storefront, key="beta", name="Beta", condition=STAFF, actor=emil)
    for place in (staging, production):
        actions.set_targeting(flag=claimed, environment=place, targeting=with_rule({"segment": "beta"}), actor=emil)
    actions.change_segment(segment=beta, name="Beta", description="", condition=ONE, actor=emil)
    actions.set_variants(
        flag=claimed, variants=[*claimed.variants[:1], {"name": "x", "value": True}, *claimed.variants[1:]], actor=emil
    )
    move(claimed, production, 5_000, 1)
    actions.unclaim(holder=HOLDER, actor=rhea)
    actions.archive_flag(flag=claimed, actor=emil)
    actions.unarchive_flag(flag=claimed, actor=emil)
    said = set()
    for one in FlagVersion.objects.select_related("entry"):
        data, found = one.entry.data, definition.digest({**one.definition, "segments": one.segments})
        here = f"{one.flag_id}:{one.environment_id}"
        assert found in (data.get("definition"), data.get("definitions", {}).get(here)), one.entry.action
        said.add(one.entry.action)
    assert len(said) == 9 and "flag_archived" in said
