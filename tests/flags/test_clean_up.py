"""Asking somebody to take a flag out: once, on the record, by one mail, and on their Today."""

from collections.abc import Callable

import pytest
from django.test import Client

from core import clock
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import AuditEntry, OutboxMessage, User
from flags import actions
from flags.models import CleanUp, Flag
from flags.today import MOST, work


@pytest.fixture
def asked(typo: Flag, rhea: User) -> CleanUp:
    """Emil, who made the flag and owns it."""
    return actions.ask_clean_up(flag=typo, actor=rhea)


def test_the_owner_is_asked_once_however_often_it_is_pressed(
    asked: CleanUp, typo: Flag, rhea: User, emil: User
) -> None:
    assert actions.ask_clean_up(flag=typo, actor=rhea) == asked
    assert actions.ask_clean_up(flag=typo, actor=emil, owner=emil) == asked
    [mail] = OutboxMessage.objects.all()
    assert (mail.recipient, mail.subject) == (emil, "Storefront: clean up search-typo")
    assert (
        "Rhea Lind asks you to take the flag search-typo" in mail.text and "/flags/storefront/search-typo/" in mail.text
    )
    [entry] = AuditEntry.objects.filter(action="flag_clean_up_asked")
    assert (entry.actor, entry.subject, entry.data["person"]) == (rhea, f"flag:{typo.pk}", emil.pk)


def test_somebody_else_is_asked_only_after_the_first(asked: CleanUp, typo: Flag, rhea: User, tomas: User) -> None:
    with pytest.raises(Conflict, match="Emil Sand is asked already"):
        actions.ask_clean_up(flag=typo, actor=rhea, owner=tomas)
    actions.close_clean_up(flag=typo, actor=rhea)
    again = actions.ask_clean_up(flag=typo, actor=rhea, owner=tomas)
    assert again.owner == tomas and OutboxMessage.objects.count() == 2


def test_whoever_takes_it_on_gets_no_mail(typo: Flag, emil: User) -> None:
    assert actions.ask_clean_up(flag=typo, actor=emil).owner == emil
    assert not OutboxMessage.objects.exists()


def test_nobody_is_asked_who_is_not_there(typo: Flag, rhea: User, otto: User) -> None:
    gone = User.objects.create_user("gone@example.com", name="Gone", is_active=False)
    gone.roles.create(product=typo.product, kind=RoleKind.ENGINEER)
    for owner in (otto, gone):
        with pytest.raises(Refused) as refused:
            actions.ask_clean_up(flag=typo, actor=rhea, owner=owner)
        assert refused.value.field == "owner"
    Flag.objects.update(owner=None)
    with pytest.raises(Refused, match="Choose somebody"):
        actions.ask_clean_up(flag=typo, actor=rhea)


def test_what_a_release_holds_is_not_cleaned_up(claimed: Flag, rhea: User) -> None:
    with pytest.raises(Refused, match="Search 2.0: its release is not over"):
        actions.ask_clean_up(flag=claimed, actor=rhea)


def test_only_who_may_change_flags_asks_and_who_is_asked_may_close(
    typo: Flag, rhea: User, tomas: User, bea: User
) -> None:
    with pytest.raises(Forbidden):
        actions.ask_clean_up(flag=typo, actor=tomas)
    actions.ask_clean_up(flag=typo, actor=rhea, owner=tomas)
    with pytest.raises(Forbidden):
        actions.close_clean_up(flag=typo, actor=bea)
    actions.close_clean_up(flag=typo, actor=tomas)
    actions.close_clean_up(flag=typo, actor=rhea)
    assert CleanUp.objects.get().done_at and AuditEntry.objects.filter(action="flag_clean_up_closed").count() == 1


def test_an_archived_flag_is_cleaned_up(asked: CleanUp, typo: Flag, emil: User) -> None:
    actions.archive_flag(flag=typo, actor=emil)
    assert CleanUp.objects.get().done_at and not work(emil, clock.now())


def test_it_stands_on_the_day_of_whoever_is_asked(
    asked: CleanUp, emil: User, rhea: User, browser_of: Callable[[User], Client]
) -> None:
    [row] = work(emil, clock.now())
    assert (row.title, row.url) == ("Clean up search-typo", "/flags/storefront/search-typo/")
    assert "Clean up search-typo" in browser_of(emil).get("/").text
    assert not work(rhea, clock.now())


def test_a_day_is_not_flooded_and_costs_the_same(typo: Flag, emil: User, rhea: User) -> None:
    for number in range(MOST + 3):
        flag = actions.create_flag(product=typo.product, key=f"old-{number}", name="Old", actor=emil)
        actions.ask_clean_up(flag=flag, actor=rhea)
    rows = work(emil, clock.now())
    assert len(rows) == MOST + 1 and rows[-1].title == "3 more flags to clean up"


def test_it_is_pressed_on_the_page(typo: Flag, rhea: User, tomas: User, browser_of: Callable[[User], Client]) -> None:
    browser, here = browser_of(rhea), "/flags/storefront/search-typo"
    answer = browser.post(f"{here}/clean-up/", {"owner": tomas.pk, "from": "flag"})
    assert (answer.status_code, answer["Location"]) == (303, f"{here}/")
    assert browser.post(f"{here}/clean-up/", {"owner": "x"}).status_code == 422
    assert browser_of(tomas).post(f"{here}/archive/").status_code == 403
    assert browser_of(tomas).post(f"{here}/clean-up/close/")["Location"] == "/flags/backlog/"
    assert CleanUp.objects.get().done_at
