"""P1 while a real release's rollout is under way: nothing is decided anew behind what it sends again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.errors import Refused
from core.models import Environment, Product, User
from core.weights import FULL
from flags import actions
from flags.models import Flag, FlagState, FlagVersion
from releases import actions as releases
from releases.choices import ReleaseStatus
from releases.models import Release
from tests.flags.conftest import state_of
from tests.flags.test_p1_no_way_round import STAFF, with_rule

BrowserOf = Callable[[User], Client]


class Ship:
    """A release under way with one flag, at 5 % of production, from which a rule and a pin keep some users."""

    def __init__(self, product: Product, flag: Flag, production: Environment, rhea: User, emil: User) -> None:
        self.flag, self.production, self.emil = flag, production, emil
        self.index = actions.create_flag(product=product, key="index", name="Index", actor=emil)
        self.release = releases.create_release(
            product=product, name="Search 2.0", kind="express", way_back="x", actor=rhea
        )
        releases.add_feature(release=self.release, name="Typo", owner=emil, actor=rhea, flags=[flag])
        needs = [{"flag": "index", "variants": ["on"]}]
        signed = {"pins": {"u-x": "off"}, "needs": needs, **with_rule(STAFF, "off")}
        actions.set_targeting(flag=flag, environment=production, targeting={}, actor=emil)
        self.plain = state_of(flag, production).version
        actions.set_targeting(flag=flag, environment=production, targeting=signed, actor=emil)
        Release.objects.filter(pk=self.release.pk).update(status=ReleaseStatus.ROLLOUT)
        self.move(5_000, 1)

    def move(self, weight: int, fence: int) -> FlagState:
        return actions.move(
            flag=self.flag,
            environment=self.production,
            weight=weight,
            build="",
            claim=self.release.subject,
            fence=fence,
        )

    def submit(self, **changes: Any) -> None:
        actions.submit_change(
            flag=self.flag, environment=self.production, changes=changes, actor=self.emil, action="flag_changed"
        )


@pytest.fixture
def ship(storefront: Product, typo: Flag, production: Environment, rhea: User, emil: User) -> Ship:
    return Ship(storefront, typo, production, rhea, emil)


LESS: dict[str, Callable[[Ship], object]] = {
    "as it is": lambda ship: None,
    "set to 0": lambda ship: ship.submit(carrier="percentage", weight=0, build=""),
    "killed": lambda ship: actions.kill(flag=ship.flag, environment=ship.production, actor=ship.emil),
    "taken back by its rollout": lambda ship: ship.move(0, 2),
}
THEN: dict[str, Callable[[Ship], object]] = {
    "its pins and rules": lambda ship: ship.submit(targeting={}),
    "an old version": lambda ship: ship.submit(**actions.restoring(ship.flag, ship.production, ship.plain)),
    "a flag that it needs": lambda ship: actions.set_weight(
        flag=ship.index, environment=ship.production, weight=FULL, actor=ship.emil
    ),
    "its values": lambda ship: actions.set_variants(
        flag=ship.flag, variants=[{"name": "on", "value": False}, {"name": "off", "value": False}], actor=ship.emil
    ),
    "who may read it": lambda ship: actions.describe_flag(flag=ship.flag, for_clients=True, actor=ship.emil),
}


@pytest.mark.parametrize("then", THEN)
@pytest.mark.parametrize("less", LESS)
def test_p1_less_first_opens_no_way_to_more(ship: Ship, less: str, then: str) -> None:
    """Its rollout sends 5 % again within a second: whatever was decided anew meanwhile would reach users unsigned."""
    LESS[less](ship)
    before = state_of(ship.flag, ship.production)
    versions = FlagVersion.objects.count()
    with pytest.raises(Refused, match=r"Search 2\.0"):
        THEN[then](ship)
    after = state_of(ship.flag, ship.production)
    assert (after.targeting, after.version) == (before.targeting, before.version)
    assert FlagVersion.objects.count() == versions
    fresh = Flag.objects.get(pk=ship.flag.pk)
    assert not fresh.for_clients and fresh.variants == ship.flag.variants


@pytest.mark.parametrize("less", LESS)
def test_p1_its_page_offers_no_change_that_would_be_refused(ship: Ship, less: str, browser_of: BrowserOf) -> None:
    LESS[less](ship)
    page = browser_of(ship.emil).get(ship.flag.get_absolute_url()).content.decode()
    there = reverse("flag-targeting", args=[ship.flag.product.slug, ship.flag.key, ship.production.slug])
    elsewhere = reverse("flag-targeting", args=[ship.flag.product.slug, ship.flag.key, "staging"])
    assert f'"{there}"' not in page and f'"{elsewhere}"' in page


def test_p1_what_people_call_its_rules_may_change_under_way(ship: Ship) -> None:
    targeting = state_of(ship.flag, ship.production).targeting
    renamed = {**targeting, "rules": [{**targeting["rules"][0], "name": "Those who work here"}]}
    ship.submit(targeting=renamed)
    assert state_of(ship.flag, ship.production).targeting["rules"][0]["name"] == "Those who work here"


def test_p4_that_somebody_had_a_flag_when_it_was_claimed_is_kept_until_it_is_let_go(
    storefront: Product, typo: Flag, production: Environment, staging: Environment, rhea: User, emil: User
) -> None:
    def claim(label: str = "Search") -> FlagState:
        actions.claim(flags=[typo], holder="release:9", label=label, seed="seed-9", actor=rhea)
        return state_of(typo, production)

    assert (claim().already_given, claim().withheld) == (False, True)
    actions.unclaim(holder="release:9", actor=rhea)
    actions.submit_change(
        flag=typo,
        environment=production,
        changes={"carrier": "percentage", "weight": FULL, "build": "", "withheld": False},
        actor=emil,
        action="flag_opened",
    )
    actions.kill(flag=typo, environment=production, actor=emil)
    assert (claim().already_given, claim().withheld) == (True, False), "killed, it will be theirs again"
    assert claim("Renamed").already_given and not state_of(typo, staging).already_given
    actions.unclaim(holder="release:9", actor=rhea)
    assert not state_of(typo, production).already_given


def test_p4_what_its_own_rollout_gave_is_not_had_before(ship: Ship, rhea: User) -> None:
    actions.claim(
        flags=[ship.flag], holder=ship.release.subject, label="Renamed", seed=str(ship.release.seed), actor=rhea
    )
    assert not state_of(ship.flag, ship.production).already_given
