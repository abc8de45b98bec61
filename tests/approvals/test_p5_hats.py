"""P5 as a table: whose work a release is, whatever hats they wear; page and action give the same sentence."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils.html import escape

from approvals.actions import decide
from approvals.models import Decision, SignoffRequest
from core.choices import RoleKind
from core.errors import Forbidden
from core.models import User
from releases import actions as releases
from releases.models import Release
from tests.approvals.world import World

Hat = Callable[[World, User], object]


def approver(world: World, person: User) -> None:
    person.roles.create(product=world.release.product, kind=RoleKind.APPROVER)
    world.release.product.teams.get(name="Business").members.add(person)


def built(world: World, person: User) -> None:
    """Wrote the build that is the candidate, though another registered it."""
    build, _ = releases.register_build(
        product=world.release.product, version="3", digest=f"sha256:{'e' * 64}", author=person, actor=world.emil
    )
    releases.set_candidate(release=world.fresh, build=build, actor=world.rhea)


def chose(world: World, person: User) -> None:
    person.roles.create(product=world.release.product, kind=RoleKind.ENGINEER)
    releases.set_candidate(release=world.fresh, build=world.next_build, actor=person)


def owned(world: World, person: User) -> None:
    releases.change_feature(feature=world.typo, owner=person, actor=world.rhea)
    releases.change_feature(feature=world.typo, owner=world.emil, actor=world.rhea)


NOBODY = "Nobody signs their own work: you {}."


def owns(world: World, person: User) -> None:
    releases.change_feature(feature=world.typo, owner=person, actor=world.rhea)


def asked(world: World, person: User) -> None:
    SignoffRequest.objects.update(asked_by=person)


def manages(world: World, person: User) -> None:
    Release.objects.update(manager=person)


def joined(team: str) -> Hat:
    return lambda world, person: world.release.product.teams.get(name=team).members.add(person)


def is_also(kind: RoleKind) -> Hat:
    return lambda world, person: person.roles.create(product=world.release.product, kind=kind)


HATS: dict[str, tuple[list[Hat], str]] = {
    "an approver in the team": ([approver], ""),
    "in the team, no approver": ([joined("Business")], "Only an approver of this product signs."),
    "an approver of another team": (
        [is_also(RoleKind.APPROVER), joined("QA")],
        "Only the team that is asked signs for Business.",
    ),
    "author of the build": ([approver, built], NOBODY.format("built 3")),
    "chose the candidate": ([approver, chose], NOBODY.format("chose the candidate")),
    "owns a feature": ([approver, owns], NOBODY.format("own “Typo-tolerant search”")),
    "once owned a feature": ([approver, owned], NOBODY.format("owned one of its features")),
    "asked for the sign-off": ([approver, asked], NOBODY.format("asked for this sign-off")),
    "manages it": ([approver, manages], NOBODY.format("manage this release")),
    "in two teams, signed in neither": ([approver, joined("QA")], ""),
    "in two teams, signed in the other": (
        [approver, joined("QA"), lambda world, person: world.sign("QA", person)],
        "You signed for QA already, and one person counts once per release.",
    ),
    "an approver and its tester": ([approver, is_also(RoleKind.TESTER)], ""),
    "an approver and owner of the product": ([approver, is_also(RoleKind.OWNER)], ""),
}


@pytest.mark.parametrize("hat", HATS)
def test_p5_page_and_action_say_the_same(hat: str, world: World, browser_of: Callable[[User], Client]) -> None:
    hats, no = HATS[hat]
    person = User.objects.create_user("pat@example.com", "down-the-slipway-42", name="Pat Moore")
    person.roles.create(product=world.release.product, kind=RoleKind.VIEWER)
    for put_on in hats:
        put_on(world, person)
    request, before = world.asked("Business"), Decision.objects.count()
    page = browser_of(person).get(f"/approve/{request.pk}/").content.decode()
    assert ("Sign as Pat Moore, Business" in page) is not bool(no)
    assert not no or escape(no) in page
    assert (person in world.case.signers(request.stage)) is not bool(no)
    if no:
        with pytest.raises(Forbidden) as refused:
            world.sign("Business", person)
        assert refused.value.sentence == no and Decision.objects.count() == before
    else:
        world.sign("Business", person)


def test_p5_who_became_an_author_after_signing_counts_no_longer(world: World) -> None:
    assert "Business" in world.granted()
    releases.change_feature(feature=world.typo, owner=world.bea, actor=world.rhea)
    assert "Business" not in world.granted()
    assert [one.person for one in world.case.standing(world.asked("Business").stage).own] == [world.bea.pk]


def test_p5_who_left_does_not_sign_and_what_they_signed_stays(world: World) -> None:
    world.bea.is_active = False
    world.bea.save()
    assert "Business" in world.granted()
    with pytest.raises(Forbidden, match="no longer active"):
        decide(request=world.asked("Business"), person=world.bea, verdict="approve", seal_digest=world.case.digest)
