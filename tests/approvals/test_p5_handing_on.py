"""P5 and handing one's part on: another free approver signs in one's place, once, until then it can be taken back."""

from collections.abc import Callable

import pytest
from django.test import Client

from approvals.actions import delegate, take_back
from approvals.models import Decision, Delegation, Stage
from approvals.today import work
from core import clock
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import AuditEntry, OutboxMessage, User
from releases import actions as releases
from tests.approvals.world import World


@pytest.fixture
def dora(world: World) -> User:
    """An approver of the product in no team that is asked."""
    user = User.objects.create_user("dora@example.com", "down-the-slipway-42", name="Dora Falk")
    user.roles.create(product=world.release.product, kind=RoleKind.APPROVER)
    return user


@pytest.fixture
def again(world: World) -> World:
    """Business and Compliance have to sign again."""
    releases.change_release(release=world.release, way_back="By hand.", actor=world.rhea)
    return world


def hand(world: World, giver: User, to: User) -> Delegation:
    return delegate(request=world.asked("Business"), person=giver, to=to)


def test_p5_another_approver_signs_instead_and_it_is_on_record(again: World, dora: User) -> None:
    world, request = again, again.asked("Business")
    with pytest.raises(Forbidden, match="Only the team"):
        world.sign("Business", dora)
    hand(world, world.bea, dora)
    mail = OutboxMessage.objects.get(recipient=dora, kind="signoff")
    assert "Bea Okafor asks you to decide instead, for Business" in mail.text
    assert [row.url for row in work(dora, clock.now())] == [f"/approve/{request.pk}/"]
    assert [row.act for row in work(world.bea, clock.now())] == ["Tick"], "the signature is with Dora now"
    with pytest.raises(Forbidden, match="You handed your part to Dora Falk; take it back"):
        world.sign("Business", world.bea)
    decision = world.sign("Business", dora)
    assert decision.instead_of == world.bea and "Business" in world.granted()
    assert AuditEntry.objects.get(action="signoff_delegated").data["person"] == dora.pk
    assert AuditEntry.objects.filter(action="signoff_approve").latest("seq").data["instead_of"] == world.bea.pk


def test_p5_what_was_signed_instead_cannot_be_taken_back_by_the_giver(again: World, dora: User) -> None:
    hand(again, again.bea, dora)
    again.sign("Business", dora)
    with pytest.raises(Conflict, match="Dora Falk decided already"):
        take_back(request=again.asked("Business"), person=again.bea)
    again.sign("Business", dora, "revoke", "not mine to say")
    take_back(request=again.asked("Business"), person=again.bea)
    again.sign("Business", again.bea)
    assert "Business" in again.granted()


def test_p5_until_then_it_can_be_taken_back_and_then_only_the_giver_signs(again: World, dora: User) -> None:
    hand(again, again.bea, dora)
    take_back(request=again.asked("Business"), person=again.bea)
    with pytest.raises(Forbidden, match="Only the team"):
        again.sign("Business", dora)
    with pytest.raises(Conflict, match="with you already"):
        take_back(request=again.asked("Business"), person=again.bea)
    again.sign("Business", again.bea)


@pytest.mark.parametrize("who", ["rhea", "emil", "tomas", "otto", "bea", "quinn"])
def test_p5_only_a_free_approver_outside_the_team_gets_it(
    who: str, again: World, otto: User, tomas: User, request: pytest.FixtureRequest
) -> None:
    """Its manager, an author, a tester, an outsider, oneself, and somebody who signed already."""
    person: User = request.getfixturevalue(who)
    if who in {"rhea", "emil"}:
        person.roles.create(product=again.release.product, kind=RoleKind.APPROVER)
    with pytest.raises(Refused) as refused:
        hand(again, again.bea, person)
    assert refused.value.field == "to" and not Delegation.objects.exists()


def test_p5_nobody_hands_on_what_is_not_theirs_to_sign(again: World, dora: User, tomas: User) -> None:
    for person in (tomas, again.rhea, again.quinn):
        with pytest.raises(Forbidden):
            hand(again, person, dora)
    hand(again, again.bea, dora)
    fay = User.objects.create_user("fay@example.com", name="Fay Ito")
    fay.roles.create(product=again.release.product, kind=RoleKind.APPROVER)
    with pytest.raises(Forbidden, match="not handed on"):
        hand(again, dora, fay)
    with pytest.raises(Forbidden, match="You handed your part to Dora Falk"):
        hand(again, again.bea, fay)


def test_p5_who_decided_has_nothing_to_hand_on(world: World, dora: User) -> None:
    with pytest.raises(Forbidden, match="You decided already"):
        hand(world, world.bea, dora)


def test_p5_it_lapses_with_the_givers_own_right(again: World, dora: User) -> None:
    hand(again, again.bea, dora)
    again.release.product.teams.get(name="Business").members.remove(again.bea)
    with pytest.raises(Forbidden, match="Only the team"):
        again.sign("Business", dora)


def test_p5_one_seat_is_one_signature(again: World, dora: User) -> None:
    """With two to sign, the delegate is one of them, and neither giver nor delegate is the other."""
    stage = again.asked("Business").stage
    hand(again, again.bea, dora)
    assert again.case.signers(stage) == [dora]
    again.sign("Business", dora)
    assert again.case.signers(stage) == []
    assert len(again.case.standing(stage).granted) == 1


def test_p5_a_part_taken_back_is_no_second_signature(again: World, dora: User) -> None:
    """Dora's signature stands again once the release is what she signed; Bea's, from the same seat, is not one more."""
    stage = again.asked("Business").stage
    Stage.objects.filter(pk=stage.pk).update(quorum=2)
    hand(again, again.bea, dora)
    again.sign("Business", dora)
    releases.change_release(release=again.release, way_back="By foot.", actor=again.rhea)
    take_back(request=again.asked("Business"), person=again.bea)
    releases.change_release(release=again.release, way_back="By hand.", actor=again.rhea)
    again.sign("Business", again.bea)
    standing = again.case.standing(stage)
    assert [one.person for one in standing.granted] == [again.bea.pk] and standing.missing == 1
    assert [one.person for one in standing.elsewhere] == [dora.pk]


def test_p5_a_delegate_who_became_an_author_counts_no_longer(again: World, dora: User) -> None:
    hand(again, again.bea, dora)
    again.sign("Business", dora)
    releases.change_feature(feature=again.typo, owner=dora, actor=again.rhea)
    assert "Business" not in again.granted()


def test_it_is_handed_on_by_form(again: World, dora: User, otto: User, browser_of: Callable[[User], Client]) -> None:
    address = f"/approve/{again.asked('Business').pk}/"
    bea = browser_of(again.bea)
    page = bea.get(address).content.decode()
    assert f'<option value="{dora.pk}">Dora Falk</option>' in page and "Rhea Lind</option>" not in page
    assert bea.post(f"{address}delegate/", {"to": ""}).status_code == 422
    assert bea.post(f"{address}delegate/", {"to": "nobody"}).status_code == 422
    assert browser_of(otto).post(f"{address}delegate/", {"to": dora.pk}).status_code == 404
    told = bea.post(f"{address}delegate/", {"to": otto.pk})
    assert told.status_code == 422 and "Otto" not in told.text, "who works elsewhere has no name here"
    assert bea.post(f"{address}delegate/", {"to": dora.pk}).status_code == 303
    page = bea.get(address).content.decode()
    assert "You handed your part, for Business, to Dora Falk:" in page and "Sign as" not in page
    page = browser_of(dora).get(address).content.decode()
    assert "Your signature, for Business instead of Bea Okafor:" in page and "Sign as Dora Falk, Business" in page
    assert "Who decides in your place" not in page
    assert bea.post(f"{address}take-back/").status_code == 303
    assert "Sign as Bea Okafor" in bea.get(address).content.decode()
    assert not Decision.objects.filter(person=dora).exists()
