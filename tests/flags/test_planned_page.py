"""Changes that wait, on the flag's page: their diff, who may say what to them, and what became of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.models import Environment, OutboxMessage, User
from flags import actions
from flags.choices import ChangeState
from flags.models import Flag, FlagSet, PlannedChange
from tests.flags.conftest import state_of
from tests.flags.typed import typed
from tests.queries import cost

BrowserOf = Callable[[User], Client]
PAGE = "/flags/storefront/search-typo/"
WEIGHT = f"{PAGE}production/weight/"


@pytest.fixture
def waiting(typo: Flag, production: Environment, emil: User, rhea: User) -> PlannedChange:
    """Emil asks for 25 % where two are wanted."""
    FlagSet.objects.filter(environment=production).update(second_person=True)
    changes = {"carrier": "percentage", "weight": 25_000, "build": ""}
    said: dict[str, Any] = {"actor": emil, "action": "flag_weight_set", "reason": "They wait for it"}
    made = actions.submit_change(flag=typo, environment=production, changes=changes, **said)
    assert isinstance(made, PlannedChange)
    return made


def press(client: Client, change: PlannedChange, act: str) -> str:
    return client.post(f"{PAGE}changes/{change.pk}/{act}/", follow=True).content.decode()


def test_a_change_waits_on_the_page_until_another_agrees(
    waiting: PlannedChange, typo: Flag, production: Environment, rhea: User, emil: User, browser_of: BrowserOf
) -> None:
    agree = f"{PAGE}changes/{waiting.pk}/agree/"
    own, other = (browser_of(person).get(PAGE).content.decode() for person in (emil, rhea))
    for page in (own, other):
        assert "waits for a second person" in page and "They wait for it" in page
        assert "<del>0\u00a0%</del>" in page and "<ins>25\u00a0%</ins>" in page
    assert agree not in own and "Withdraw" in own and agree in other and "Refuse" in other
    assert browser_of(emil).post(agree).status_code == 403
    assert state_of(typo, production).weight == 0
    assert "is changed" in press(browser_of(rhea), waiting, "agree")
    assert state_of(typo, production).weight == 25_000
    assert "Planned changes" not in browser_of(rhea).get(PAGE).content.decode()
    assert browser_of(rhea).post(agree).status_code == 409
    mail = OutboxMessage.objects.get(kind="flag_change", recipient=rhea)
    assert "Everyone else: 0\u00a0% → 25\u00a0%" in mail.text and "They wait for it" in mail.text


def test_it_is_refused_or_withdrawn_by_those_who_may(
    waiting: PlannedChange, typo: Flag, rhea: User, emil: User, tomas: User, otto: User, browser_of: BrowserOf
) -> None:
    for act in ("agree", "end", "again"):
        path = f"{PAGE}changes/{waiting.pk}/{act}/"
        assert browser_of(otto).post(path).status_code == 404
        assert browser_of(tomas).post(path).status_code == 403
        assert browser_of(rhea).post(path.replace("search-typo", "other")).status_code == 404
    shown = browser_of(tomas).get(PAGE).content.decode()
    assert "They wait for it" in shown and "/changes/" not in shown
    assert "Withdrawn: nothing has changed" in press(browser_of(emil), waiting, "end")
    assert PlannedChange.objects.get().state == ChangeState.WITHDRAWN
    assert browser_of(rhea).post(f"{PAGE}changes/{waiting.pk}/again/").status_code == 409


def test_what_changed_meanwhile_suspends_it_until_somebody_asks_again(
    waiting: PlannedChange, typo: Flag, production: Environment, rhea: User, emil: User, browser_of: BrowserOf
) -> None:
    actions.kill(flag=typo, environment=production, actor=rhea)
    assert "changed since this was asked for" in press(browser_of(rhea), waiting, "agree")
    page = browser_of(emil).get(PAGE).content.decode()
    assert "suspended" in page and "Ask again on what it is now" in page
    press(browser_of(emil), waiting, "again")
    assert state_of(typo, production).weight == 25_000, "while nobody has it, a percentage is no growth"
    assert not PlannedChange.objects.open().exists()


def test_a_percentage_is_planned_for_a_time_in_the_readers_zone(
    typo: Flag, production: Environment, emil: User, browser_of: BrowserOf
) -> None:
    emil.timezone = "Asia/Tokyo"
    emil.save()
    emils = browser_of(emil)
    page = emils.get(WEIGHT).content.decode()
    assert "Asia/Tokyo" in page
    fields = typed(page, WEIGHT, percent="0.125", due_at="2030-03-01T09:00", reason="Spring")
    assert "it is planned for Fri 1 Mar 2030 09:00 JST" in emils.post(WEIGHT, fields, follow=True).content.decode()
    planned = PlannedChange.objects.get()
    assert planned.due_at is not None and planned.due_at.isoformat() == "2030-03-01T00:00:00+00:00"
    assert (planned.state, planned.changes["weight"]) == (ChangeState.APPROVED, 125)
    far = emils.post(WEIGHT, {**fields, "due_at": ["9999-12-31T09:00"]})
    assert far.status_code == 422 and "within a hundred years" in far.content.decode()
    late = emils.post(WEIGHT, {**fields, "due_at": ["2020-03-01T09:00"]})
    assert late.status_code == 422 and "That time is over" in late.content.decode()
    assert "0.125" in late.content.decode() and "Spring" in late.content.decode()
    PlannedChange.objects.update(due_at=clock.now() - timedelta(seconds=1))
    actions.make_due(change_id=planned.pk)
    assert state_of(typo, production).weight == 125


def test_more_of_everything_costs_no_more_queries(
    waiting: PlannedChange, typo: Flag, production: Environment, emil: User, rhea: User, browser_of: BrowserOf
) -> None:
    rheas = browser_of(rhea)
    version = state_of(typo, production).version
    paths = (
        PAGE,
        f"{PAGE}production/history/",
        f"{PAGE}production/versions/{version}/",
        f"{PAGE}production/targeting/",
    )

    def costs() -> list[int]:
        for path in paths:
            rheas.get(path)
        return [cost(lambda path=path: rheas.get(path)) for path in paths]  # type: ignore[misc]

    rule: dict[str, Any] = {"when": {"attribute": "a", "op": "equals", "value": 1}, "serve": {"variant": "off"}}
    later = clock.now() + timedelta(days=1)

    def grow(rules: range) -> None:
        for number in rules:
            said: dict[str, Any] = {"flag": typo, "environment": production, "actor": emil, "reason": f"Now {number}"}
            actions.set_targeting(**said, targeting={"rules": [rule] * number})
            weight = {"carrier": "percentage", "weight": number, "build": ""}
            actions.submit_change(**said, changes=weight, action="flag_weight_set", due_at=later)

    grow(range(1, 4))
    before = costs()
    grow(range(4, 7))
    assert costs() == before


def test_the_mail_says_when_it_is_meant_for_in_plain_words(
    waiting: PlannedChange, typo: Flag, production: Environment, rhea: User, emil: User
) -> None:
    said: dict[str, Any] = {"actor": emil, "action": "flag_weight_set", "changes": {"weight": 5_000}}
    due = datetime(2099, 12, 24, 17, 0, tzinfo=UTC)
    actions.submit_change(flag=typo, environment=production, due_at=due, **said)
    mails = [mail.text for mail in OutboxMessage.objects.filter(kind="flag_change", recipient=rhea)]
    assert sum("at Thu 24 Dec 2099 18:00 CET, and it waits" in text for text in mails) == 1, mails


def test_what_cannot_be_made_any_more_is_not_to_be_agreed_to(
    waiting: PlannedChange, typo: Flag, production: Environment, rhea: User, emil: User, browser_of: BrowserOf
) -> None:
    assert browser_of(emil).post(f"{PAGE}changes/{waiting.pk}/again/").status_code == 409, "it can still be made"
    rule = {"when": {"attribute": "a", "op": "equals", "value": 1}, "serve": {"variant": "off"}}
    actions.set_targeting(flag=typo, environment=production, targeting={"rules": [rule]}, actor=emil)
    page = browser_of(rhea).get(PAGE).content.decode()
    assert "The flag was changed since this was asked for. It cannot be made" in page
    assert "/agree/" not in page and "Ask again on what it is now" in page and "Refuse" in page
    press(browser_of(emil), waiting, "again")
    [asked] = PlannedChange.objects.open()
    assert asked.pk != waiting.pk and asked.changes == waiting.changes
    assert "/agree/" in browser_of(rhea).get(PAGE).content.decode()


def test_whose_time_passed_while_it_waited_says_so(waiting: PlannedChange, rhea: User, browser_of: BrowserOf) -> None:
    assert "Its time has passed" not in browser_of(rhea).get(PAGE).content.decode()
    PlannedChange.objects.update(due_at=clock.now() - timedelta(minutes=1))
    page = browser_of(rhea).get(PAGE).content.decode()
    assert "Its time has passed: once somebody agrees, it is made at once." in page and "/agree/" in page
