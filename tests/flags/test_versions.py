"""Every change of a flag is kept whole, with who and why, and any of it can be had back."""

from typing import Any

import pytest

from core.errors import Conflict, Refused
from core.models import AuditEntry, Environment, Product, User
from flags import actions
from flags.models import Flag, FlagVersion, Segment
from tests.flags.conftest import HOLDER, state_of

GERMANS = {"attribute": "country", "op": "equals", "value": "DE"}
RULE = {"rules": [{"name": "Germans", "when": {"segment": "germans"}, "serve": {"variant": "on"}}]}


@pytest.fixture
def germans(storefront: Product, emil: User) -> Segment:
    return actions.create_segment(product=storefront, key="germans", name="Germans", condition=GERMANS, actor=emil)


def versions(flag: Flag, environment: Environment) -> list[FlagVersion]:
    return list(FlagVersion.objects.filter(flag=flag, environment=environment).order_by("version"))


def test_a_version_is_whole_and_says_who_and_why(
    typo: Flag, germans: Segment, production: Environment, emil: User
) -> None:
    actions.set_targeting(flag=typo, environment=production, targeting=RULE, actor=emil, reason="they asked")
    last = versions(typo, production)[-1]
    assert last.version == state_of(typo, production).version
    assert last.definition["targeting"]["rules"][0]["name"] == "Germans"
    assert last.segments == {"germans": GERMANS}
    assert (last.entry.actor, last.entry.texts.get().text) == (emil, "they asked")


def test_a_change_of_a_segment_is_a_version_of_every_flag_that_uses_it(
    typo: Flag, germans: Segment, production: Environment, emil: User
) -> None:
    actions.set_targeting(flag=typo, environment=production, targeting=RULE, actor=emil)
    other = actions.create_flag(product=typo.product, key="other", name="Other", actor=emil)
    before = len(versions(other, production))
    changed = actions.change_segment(
        segment=germans, name="G", description="", condition={**GERMANS, "value": "AT"}, actor=emil, based_on=1
    )
    assert changed.edition == 2
    last = versions(typo, production)[-1]
    assert last.segments["germans"]["value"] == "AT" and last.entry.action == "segment_changed"
    assert len(versions(other, production)) == before
    with pytest.raises(Conflict, match="changed"):
        actions.change_segment(segment=germans, name="G", description="", condition=GERMANS, actor=emil, based_on=1)
    with pytest.raises(Conflict, match="search-typo"):
        actions.delete_segment(segment=germans, actor=emil)


def test_a_version_comes_back_but_for_the_kill_switch(typo: Flag, production: Environment, emil: User) -> None:
    old = actions.set_weight(flag=typo, environment=production, weight=30_000, actor=emil).version
    actions.set_weight(flag=typo, environment=production, weight=0, actor=emil)
    actions.kill(flag=typo, environment=production, actor=emil)
    now = state_of(typo, production).version
    said: dict[str, Any] = {"flag": typo, "environment": production, "actor": emil, "action": "flag_restored"}
    changes = actions.restoring(typo, production, old)
    with pytest.raises(Conflict):
        actions.submit_change(changes=changes, based_on=now - 1, **said)
    actions.submit_change(changes=changes, based_on=now, data={"restored": old}, **said)
    state = state_of(typo, production)
    assert (state.weight, state.enabled) == (30_000, False)
    assert AuditEntry.objects.filter(action="flag_restored", data__restored=old).exists()
    with pytest.raises(Refused, match="no version"):
        actions.restoring(typo, production, 10**9)


def test_whoever_edits_what_another_changed_meanwhile_is_told(typo: Flag, production: Environment, emil: User) -> None:
    read = state_of(typo, production).version
    actions.set_weight(flag=typo, environment=production, weight=10_000, actor=emil, based_on=read)
    with pytest.raises(Conflict, match="nothing of yours is lost"):
        actions.set_targeting(flag=typo, environment=production, targeting={}, actor=emil, based_on=read)
    with pytest.raises(Conflict):
        actions.describe_flag(flag=typo, actor=emil, name="x", based_on=typo.edition + 1)


def test_a_rollouts_moves_and_claims_are_versions_too(claimed: Flag, production: Environment) -> None:
    before = len(versions(claimed, production))
    for weight, fence in ((5_000, 1), (5_000, 1), (0, 2)):
        actions.move(flag=claimed, environment=production, weight=weight, build="", claim=HOLDER, fence=fence)
    kept = versions(claimed, production)
    assert [one.definition["weight"] for one in kept[before:]] == [5_000, 0]
    assert [one.entry.action for one in kept[:2]] == ["flag_created", "flag_claimed"]


@pytest.mark.parametrize(
    ("targeting", "field"),
    [
        ({"pins": {"u-1": "maybe"}}, "targeting.pins"),
        ({"needs": [{"flag": "nowhere", "variants": ["on"]}]}, "targeting.needs"),
        ({"rules": [{"name": "x", "when": {"segment": "none"}, "serve": {"variant": "on"}}]}, "targeting.rules"),
        ({"on": {"split": [["on", 1], ["off", 1]]}}, "targeting.on"),
        (
            {"rules": [{"name": "x", "when": {"attribute": "a", "op": "matches", "value": "("}, "serve": {}}]},
            "targeting",
        ),
        ([], "targeting"),
    ],
)
def test_p12_bad_targeting_names_its_part_and_writes_nothing(
    typo: Flag, production: Environment, emil: User, targeting: dict[str, object], field: str
) -> None:
    before = state_of(typo, production)
    with pytest.raises(Refused) as refused:
        actions.set_targeting(flag=typo, environment=production, targeting=targeting, actor=emil)
    assert refused.value.field.startswith(field)
    assert state_of(typo, production).version == before.version


def test_flags_that_need_one_another_in_a_circle_are_refused(typo: Flag, production: Environment, emil: User) -> None:
    other = actions.create_flag(product=typo.product, key="other", name="Other", actor=emil)

    def need(one: Flag, needed: Flag, variant: str = "on") -> None:
        targeting = {"needs": [{"flag": needed.key, "variants": [variant]}]}
        actions.set_targeting(flag=one, environment=production, targeting=targeting, actor=emil)

    need(typo, other)
    with pytest.raises(Refused, match="need itself"):
        need(other, typo)
    with pytest.raises(Refused, match="while it is off"):
        need(typo, other, "off")


def test_p12_what_would_be_too_long_to_be_evaluated_is_refused_before_anybody_errs(
    typo: Flag, production: Environment, emil: User
) -> None:
    row = [typo, *(actions.create_flag(product=typo.product, key=f"f{n}", name="F", actor=emil) for n in range(21))]
    for one, needed in zip(reversed(row[1:-1]), reversed(row[2:]), strict=True):
        targeting = {"needs": [{"flag": needed.key, "variants": ["on"]}]}
        actions.set_targeting(flag=one, environment=production, targeting=targeting, actor=emil)
    with pytest.raises(Refused, match="search-typo would begin"):
        first = {"needs": [{"flag": "f0", "variants": ["on"]}]}
        actions.set_targeting(flag=typo, environment=production, targeting=first, actor=emil)

    actions.create_segment(product=typo.product, key="s0", name="S", condition=GERMANS, actor=emil)
    for n in range(1, 8):
        condition = {"segment": f"s{n - 1}"}
        actions.create_segment(product=typo.product, key=f"s{n}", name="S", condition=condition, actor=emil)
    with pytest.raises(Refused, match="s8 would be too large"):
        actions.create_segment(product=typo.product, key="s8", name="S", condition={"segment": "s7"}, actor=emil)
