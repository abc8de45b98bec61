"""What is remembered of a release is asked anew after every kind of change on which its gates stand."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.actions import StageSpec, add_item, set_policy, submit_release
from approvals.models import Policy, SignoffRequest
from core import clock
from core.actions.people import grant_role, revoke_role
from core.actions.teams import join_team, leave_team
from core.choices import RoleKind
from core.models import Product, User
from core.remember import by_record
from releases import actions
from releases.models import Release
from tests.approvals.test_signing import sign


class World:
    """A release that waits for signatures, and whoever changes something about it."""

    def __init__(self, release: Release, rhea: User, bea: User, emil: User, tomas: User) -> None:
        self.release, self.rhea, self.bea, self.emil, self.tomas = release, rhea, bea, emil, tomas
        self.product: Product = release.product
        self.team = self.product.teams.get(name="Business")
        self.owner = User.objects.get(email="olga@example.com")

    def sign(self) -> None:
        sign(SignoffRequest.objects.get(release=self.release, stage__name="Business"), self.bea)

    def policy(self) -> None:
        set_policy(product=self.product, actor=self.owner, stages=[StageSpec(name="Business", team=self.team)])

    def join(self) -> None:
        join_team(user=self.tomas, team=self.team, actor=self.owner)

    def leave(self) -> None:
        leave_team(user=self.bea, team=self.team, actor=self.owner)

    def grant(self) -> None:
        grant_role(user=self.tomas, product=self.product, kind=RoleKind.APPROVER, actor=self.owner)

    def revoke(self) -> None:
        revoke_role(role=self.bea.roles.get(), actor=self.owner)

    def item(self) -> None:
        add_item(release=self.release, text="Tell the help desk", team=self.team, actor=self.rhea)

    def scope(self) -> None:
        actions.add_feature(
            release=self.release, name="One more", owner=self.emil, actor=self.rhea, no_flag_reason="None needed."
        )

    def way_back(self) -> None:
        actions.change_release(release=self.release, actor=self.rhea, way_back="By telephone.")

    def build(self) -> None:
        actions.register_build(product=self.product, version="9.9", digest=f"sha256:{'7' * 64}", actor=self.emil)

    def freeze(self) -> None:
        begins = clock.now() + timedelta(minutes=1)
        ends = begins + timedelta(hours=1)
        actions.add_freeze(product=self.product, reason="Fair", starts_at=begins, ends_at=ends, actor=self.rhea)


CHANGES: list[Callable[[World], None]] = [
    World.sign,
    World.policy,
    World.join,
    World.leave,
    World.grant,
    World.revoke,
    World.item,
    World.scope,
    World.way_back,
    World.build,
    World.freeze,
]


@pytest.fixture
def world(release: Release, policy: Policy, rhea: User, bea: User, emil: User, tomas: User) -> World:
    submit_release(release=release, actor=rhea)
    return World(release, rhea, bea, emil, tomas)


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_every_change_that_gates_stand_on_is_asked_for_at_once(world: World, change: Callable[[World], None]) -> None:
    asked: list[int] = []

    def look() -> int:
        about = {world.release.pk: Release.objects.get(pk=world.release.pk).streams}
        by_record("test", about, asked.append)
        return len(asked)

    assert (look(), look()) == (1, 1)
    change(world)
    assert (look(), look()) == (2, 2)


def test_words_in_one_zone_are_not_told_in_another(world: World) -> None:
    def look(zone: str) -> str:
        with timezone.override(zone):
            about = {world.release.pk: world.release.streams}
            return by_record("zone", about, lambda _: f"{timezone.localtime():%Z}")[world.release.pk]

    assert (look("Asia/Tokyo"), look("Europe/Moscow"), look("Asia/Tokyo")) == ("JST", "MSK", "JST")
