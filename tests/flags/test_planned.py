"""Changes that wait for a second person or for their time."""

from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import Environment, OutboxMessage, Product, User
from flags import actions, tasks, today
from flags.choices import ChangeState
from flags.models import Flag, FlagVersion, PlannedChange
from tests.cast import enter
from tests.flags.conftest import state_of

HALF = {"carrier": "percentage", "weight": 50_000, "build": ""}


def ask(flag: Flag, environment: Environment, actor: User, **more: Any) -> PlannedChange:
    said = {"changes": HALF, "action": "flag_weight_set", "reason": "half is enough", **more}
    planned = actions.submit_change(flag=flag, environment=environment, actor=actor, **said)
    assert isinstance(planned, PlannedChange)
    return planned


@pytest.fixture
def pipeline(storefront: Product) -> User:
    person = enter(storefront, "CI Storefront", RoleKind.ENGINEER)
    person.is_service = True
    person.save()
    return person


@pytest.fixture
def guarded(production: Environment, olga: User) -> Environment:
    actions.want_second_person(environment=production, wanted=True, actor=olga)
    return production


def test_where_it_is_wanted_nobody_grows_a_flag_alone(typo: Flag, guarded: Environment, emil: User, rhea: User) -> None:
    with pytest.raises(Refused, match="second person"):
        actions.set_weight(flag=typo, environment=guarded, weight=1, actor=emil)
    planned = ask(typo, guarded, emil)
    assert planned.state == ChangeState.WAITING and state_of(typo, guarded).weight == 0
    assert OutboxMessage.objects.filter(kind="flag_change", recipient=rhea).count() == 1
    with pytest.raises(Forbidden):
        actions.agree_to_change(change=planned, actor=emil)
    agreed = actions.agree_to_change(change=planned, actor=rhea)
    assert agreed.state == ChangeState.APPLIED and state_of(typo, guarded).weight == 50_000
    made = FlagVersion.objects.filter(flag=typo, environment=guarded).latest("version").entry
    assert (made.actor, made.texts.get().text, made.data["change"]) == (emil, "half is enough", planned.pk)
    with pytest.raises(Conflict):
        actions.agree_to_change(change=planned, actor=rhea)


def test_p2_less_never_waits_for_a_second_person(typo: Flag, production: Environment, emil: User, olga: User) -> None:
    actions.set_weight(flag=typo, environment=production, weight=50_000, actor=emil)
    actions.want_second_person(environment=production, wanted=True, actor=olga)
    assert actions.set_weight(flag=typo, environment=production, weight=20_000, actor=emil).weight == 20_000
    assert not actions.kill(flag=typo, environment=production, actor=emil).enabled
    with pytest.raises(Refused, match="second person"):
        actions.enable(flag=typo, environment=production, actor=emil)


def test_what_a_pipeline_asks_for_is_agreed_by_who_answers_for_the_product(
    typo: Flag, guarded: Environment, pipeline: User, emil: User, rhea: User
) -> None:
    """Engineers have its token: one of them would be both persons."""
    planned = ask(typo, guarded, pipeline)
    asked = [one.recipient for one in OutboxMessage.objects.filter(kind="flag_change")]
    assert emil not in asked and rhea in asked
    assert not any("Agree" in one.title for one in today.planned(emil, clock.now()))
    assert any("Agree" in one.title for one in today.planned(rhea, clock.now()))
    with pytest.raises(Forbidden):
        actions.agree_to_change(change=planned, actor=emil)
    assert actions.agree_to_change(change=planned, actor=rhea).state == ChangeState.APPLIED


def test_to_let_client_keys_read_what_somebody_has_is_no_way_round_a_second_person(
    typo: Flag, production: Environment, emil: User, olga: User
) -> None:
    actions.set_weight(flag=typo, environment=production, weight=50_000, actor=emil)
    actions.want_second_person(environment=production, wanted=True, actor=olga)
    with pytest.raises(Refused, match="second person"):
        actions.describe_flag(flag=typo, for_clients=True, actor=emil)
    actions.set_weight(flag=typo, environment=production, weight=0, actor=emil)
    assert actions.describe_flag(flag=typo, for_clients=True, actor=emil).for_clients


def test_what_is_planned_is_told_to_nobody_without_the_right(
    typo: Flag, guarded: Environment, emil: User, rhea: User, tomas: User, bea: User
) -> None:
    """A tester may own a flag and hear that it was killed; whoever left the product hears nothing."""
    actions.describe_flag(flag=typo, owner=tomas, actor=emil)
    ask(typo, guarded, emil)
    assert [one.recipient for one in OutboxMessage.objects.filter(kind="flag_change")] == [rhea]
    actions.kill(flag=typo, environment=guarded, actor=emil)
    assert {one.recipient for one in OutboxMessage.objects.filter(kind="flag_killed")} == {rhea, tomas}
    actions.describe_flag(flag=typo, owner=bea, actor=emil)
    bea.roles.all().delete()
    actions.enable(flag=typo, environment=guarded, actor=None)
    actions.kill(flag=typo, environment=guarded, actor=emil)
    assert not OutboxMessage.objects.filter(recipient=bea).exists()
    assert actions.describe_flag(flag=typo, owner=bea, actor=emil, name="Other").name == "Other", "as it was"
    actions.describe_flag(flag=typo, owner=rhea, actor=emil)
    with pytest.raises(Refused, match="no role"):
        actions.describe_flag(flag=typo, owner=bea, actor=emil)
    with pytest.raises(Refused, match="no role"):
        actions.create_flag(product=typo.product, key="x", name="X", owner=bea, actor=emil)


def test_turned_off_once_more_it_is_another_flag_than_was_planned_on(
    typo: Flag, production: Environment, emil: User, rhea: User
) -> None:
    actions.set_weight(flag=typo, environment=production, weight=50_000, actor=emil)
    actions.kill(flag=typo, environment=production, actor=emil, reason="it crashes")
    soon = clock.now() + timedelta(hours=1)
    planned = ask(typo, production, emil, changes={"enabled": True}, action="flag_enabled", due_at=soon)
    actions.kill(flag=typo, environment=production, actor=rhea, reason="it still does")
    said = FlagVersion.objects.filter(flag=typo, environment=production).latest("version").entry
    assert (said.action, said.actor, said.texts.get().text) == ("flag_killed", rhea, "it still does")
    PlannedChange.objects.update(due_at=clock.now())
    tasks.make_due_changes()
    planned.refresh_from_db()
    assert planned.state == ChangeState.SUSPENDED and not state_of(typo, production).enabled


def test_a_rollout_needs_no_second_person(claimed: Flag, guarded: Environment) -> None:
    moved = actions.move(flag=claimed, environment=guarded, weight=5_000, build="", claim=claimed.claim, fence=1)
    assert moved.weight == 5_000


def test_only_owners_say_whether_a_second_person_is_wanted(production: Environment, emil: User, rhea: User) -> None:
    for actor in (emil, rhea):
        with pytest.raises(Forbidden):
            actions.want_second_person(environment=production, wanted=True, actor=actor)


def test_what_came_back_from_the_archive_is_off_where_a_second_person_is_wanted(
    typo: Flag, production: Environment, staging: Environment, emil: User, olga: User
) -> None:
    for environment in (production, staging):
        actions.set_weight(flag=typo, environment=environment, weight=50_000, actor=emil)
    actions.archive_flag(flag=typo, actor=emil)
    actions.want_second_person(environment=production, wanted=True, actor=olga)
    actions.unarchive_flag(flag=typo, actor=emil)
    assert (state_of(typo, production).enabled, state_of(typo, staging).enabled) == (False, True)


def test_a_scheduled_change_is_made_at_its_time_and_once(typo: Flag, production: Environment, emil: User) -> None:
    planned = ask(typo, production, emil, due_at=clock.now() + timedelta(hours=1))
    tasks.make_due_changes()
    assert state_of(typo, production).weight == 0
    assert actions.make_due(change_id=planned.pk) is None, "not before its time"
    PlannedChange.objects.filter(pk=planned.pk).update(due_at=clock.now())
    tasks.make_due_changes()
    version = state_of(typo, production).version
    tasks.make_due_changes()
    state = state_of(typo, production)
    assert (state.weight, state.version) == (50_000, version)
    assert actions.make_due(change_id=planned.pk) is None


def test_a_scheduled_change_is_suspended_if_the_flag_changed_since(
    typo: Flag, production: Environment, emil: User, rhea: User
) -> None:
    planned = ask(typo, production, emil, due_at=clock.now() + timedelta(hours=1))
    actions.set_weight(flag=typo, environment=production, weight=10_000, actor=rhea)
    PlannedChange.objects.filter(pk=planned.pk).update(due_at=clock.now())
    tasks.make_due_changes()
    planned.refresh_from_db()
    assert planned.state == ChangeState.SUSPENDED and "changed since" in planned.said
    assert state_of(typo, production).weight == 10_000


def test_a_change_that_waits_for_both_waits_for_both(typo: Flag, guarded: Environment, emil: User, rhea: User) -> None:
    planned = ask(typo, guarded, emil, due_at=clock.now() + timedelta(hours=1))
    PlannedChange.objects.filter(pk=planned.pk).update(due_at=clock.now() + timedelta(minutes=1))
    assert actions.agree_to_change(change=planned, actor=rhea).state == ChangeState.APPROVED
    PlannedChange.objects.filter(pk=planned.pk).update(due_at=clock.now())
    made = actions.make_due(change_id=planned.pk)
    assert made is not None and made.state == ChangeState.APPLIED


def test_p12_a_change_is_refused_withdrawn_or_over(typo: Flag, guarded: Environment, emil: User, rhea: User) -> None:
    with pytest.raises(Refused, match="over"):
        ask(typo, guarded, emil, due_at=clock.now() - timedelta(seconds=1))
    with pytest.raises(Refused, match="already"):
        ask(typo, guarded, emil, changes={"weight": 0}, due_at=clock.now() + timedelta(hours=1))
    first, second = ask(typo, guarded, emil), ask(typo, guarded, emil)
    assert actions.end_change(change=first, actor=emil).state == ChangeState.WITHDRAWN
    assert actions.end_change(change=second, actor=rhea, reason="not now").state == ChangeState.REFUSED
    with pytest.raises(Conflict):
        actions.end_change(change=second, actor=rhea)


def test_somebody_who_lost_the_right_meanwhile_changes_nothing(typo: Flag, production: Environment, emil: User) -> None:
    planned = ask(typo, production, emil, due_at=clock.now() + timedelta(hours=1))
    emil.roles.all().delete()
    PlannedChange.objects.filter(pk=planned.pk).update(due_at=clock.now())
    made = actions.make_due(change_id=planned.pk)
    assert made is not None and made.state == ChangeState.SUSPENDED and state_of(typo, production).weight == 0


def test_an_archived_flag_comes_back_for_thirty_days(typo: Flag, production: Environment, emil: User) -> None:
    actions.set_weight(flag=typo, environment=production, weight=50_000, actor=emil)
    archived = actions.archive_flag(flag=typo, actor=emil, reason="done")
    assert archived.archived_at is not None
    with pytest.raises(Refused, match="archived"):
        actions.set_weight(flag=typo, environment=production, weight=0, actor=emil)
    assert actions.unarchive_flag(flag=typo, actor=emil).archived_at is None
    assert state_of(typo, production).weight == 50_000
    actions.archive_flag(flag=typo, actor=emil)
    Flag.objects.filter(pk=typo.pk).update(archived_at=clock.now() - actions.UNDO - timedelta(seconds=1))
    with pytest.raises(Conflict, match="30 days"):
        actions.unarchive_flag(flag=typo, actor=emil)
