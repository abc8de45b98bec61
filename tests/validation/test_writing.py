"""Scenarios are written, changed and taken out in the product itself."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import AuditEntry, Environment, Product, User
from releases.models import Release
from tests.validation.test_actions import gate
from validation.actions import (
    change_scenario,
    remove_scenario,
    start_run,
    submit_result,
    submit_step,
    write_scenario,
)
from validation.models import Result, Run, Scenario

BrowserOf = Callable[[User], Client]
STEPS = [{"do": "Type jaket", "expect": "Jackets"}]


@pytest.fixture
def bench(release: Release) -> str:
    return f"/releases/{release.pk}/testing/"


@pytest.fixture
def scenario(release: Release, rhea: User) -> Scenario:
    return write_scenario(release=release, title="Misspelt brand", steps=STEPS, actor=rhea)


@pytest.fixture
def run(release: Release, scenario: Scenario, staging: Environment, tomas: User) -> Run:
    run = start_run(release=release, environment=staging, tester=tomas)
    submit_step(run=run, scenario=scenario, step=1, status="pass", actor=tomas)
    submit_result(run=run, scenario=scenario, status="pass", actor=tomas)
    return run


def test_whoever_manages_the_release_writes_on_a_page(
    release: Release, bench: str, rhea: User, tomas: User, browser_of: BrowserOf
) -> None:
    browser = browser_of(rhea)
    assert "Write the first scenario" in browser.get(bench).content.decode()
    sent = {
        "title": "Misspelt brand",
        "story": "As a shopper on a phone, I mistype.",
        "feature": release.features.get().pk,
        "steps": "1. Type jaket -> Jackets\r\nChoose the first",
        "minutes": 4,
        "tester": tomas.pk,
    }
    said = browser.post(f"{bench}scenarios/", sent)
    scenario = Scenario.objects.get()
    assert (said.status_code, said["Location"]) == (303, f"{bench}?scenario={scenario.pk}")
    assert scenario.steps == [*STEPS, {"do": "Choose the first", "expect": ""}]
    assert (scenario.minutes, scenario.tester, scenario.order, scenario.version) == (4, tomas, 1, 1)
    page = browser.get(f"{bench}scenarios/{scenario.pk}/").content.decode()
    assert "Type jaket → Jackets" in page and "As a shopper on a phone, I mistype." in page
    assert AuditEntry.objects.get(action="scenario_written").actor == rhea


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"title": ""}, "required"),
        ({"title": "x" * 161}, "160"),
        ({"title": "a\x00b"}, "Null"),
        ({"title": "a\nSet-Cookie: b"}, "one line"),
        ({"title": "Misspelt brand"}, "of that title"),
        ({"steps": "→ Jackets"}, "says what to do"),
        ({"steps": "x" * 401}, "400"),
        ({"steps": "x\n" * 41}, "at most 40 steps"),
        ({"minutes": "0"}, "1"),
        ({"minutes": "99999999999"}, "600"),
        ({"feature": "999"}, "valid choice"),
        ({"tester": "999"}, "valid choice"),
        ({"story": "x" * 241}, "240"),
    ],
    ids=lambda given: str(given)[:30],
)
def test_p12_what_cannot_be_a_scenario_is_refused_and_stays_on_the_page(
    sent: dict[str, str], words: str, scenario: Scenario, bench: str, rhea: User, browser_of: BrowserOf
) -> None:
    said = browser_of(rhea).post(f"{bench}scenarios/", {"title": "Another", "story": "I stay here", **sent})
    assert said.status_code in {409, 422} and words in said.content.decode()
    assert "story" in sent or "I stay here" in said.content.decode()
    assert Scenario.objects.count() == 1


def test_a_scenario_that_asks_for_something_else_is_tried_again(
    release: Release, scenario: Scenario, run: Run, tomas: User, rhea: User, bench: str, browser_of: BrowserOf
) -> None:
    assert gate(release).is_open
    change_scenario(scenario=scenario, title="A misspelt brand", steps=STEPS, minutes=3, actor=rhea)
    assert gate(release).is_open, "a title, where there are steps, is wording"
    change_scenario(scenario=scenario, title="A misspelt brand", steps=[{"do": "Type lapm"}], actor=rhea)
    assert gate(release).sentence == "0 of 1 passed on 2.0.2; 1 to re-test."
    page = browser_of(tomas).get(f"{bench}?scenario={scenario.pk}").content.decode()
    assert "the text of this scenario" in page and "its text changed" in page and "to do" not in page
    before = Result.objects.count()
    sent = {"step": 1, "version": 1, "onward": "pass"}
    said = browser_of(tomas).post(f"/runs/{run.pk}/steps/{scenario.pk}/", sent)
    assert said.status_code == 409 and "was changed meanwhile" in said.content.decode()
    assert Result.objects.count() == before
    with pytest.raises(Refused, match="not tried yet"):
        submit_result(run=run, scenario=scenario, status="pass", actor=tomas)
    submit_step(run=run, scenario=scenario, step=1, status="pass", version=2, conclude=True, actor=tomas)
    assert gate(release).is_open


def test_a_pass_is_about_the_words_that_were_read(
    release: Release, run: Run, tomas: User, rhea: User, bench: str, browser_of: BrowserOf
) -> None:
    """A scenario without steps, said anew while the tester tries what it said before."""
    plain = write_scenario(release=release, title="Returns a lamp", steps=[], actor=rhea)
    browser, where = browser_of(tomas), f"/runs/{run.pk}/results/{plain.pk}/"
    assert 'name="version" value="1"' in browser.get(f"{bench}?scenario={plain.pk}").text
    change_scenario(scenario=plain, title="Returns a lamp that was paid with a voucher", steps=[], actor=rhea)
    assert browser.post(where, {"status": "pass"}).status_code == 422
    said = browser.post(where, {"status": "pass", "version": 1})
    assert said.status_code == 409 and "was changed meanwhile" in said.text and not plain.results.exists()
    assert browser.post(where, {"status": "pass", "version": 2}).status_code == 303
    assert plain.results.exists()


def test_p7_what_was_tried_is_retired_for_a_reason_and_stays_on_record(
    release: Release, scenario: Scenario, run: Run, tomas: User, rhea: User, bench: str, browser_of: BrowserOf
) -> None:
    with pytest.raises(Forbidden):
        remove_scenario(scenario=scenario, reason="It bores me.", actor=tomas)
    where = f"{bench}scenarios/{scenario.pk}/remove/"
    assert browser_of(rhea).post(where, {}).status_code == 422
    assert browser_of(rhea).post(where, {"reason": "Brands are gone."}).status_code == 303
    scenario.refresh_from_db()
    assert scenario.retired_at and Result.objects.count() == 1
    assert gate(release).sentence == "No scenario is written yet; a grouped release needs them."
    entry = AuditEntry.objects.get(action="scenario_retired")
    assert "Brands" not in str(entry.data) and "Brands are gone." in {text.text for text in entry.texts.all()}
    with pytest.raises(Conflict, match="taken out"):
        submit_step(run=run, scenario=scenario, step=1, status="pass", actor=tomas)
    write_scenario(release=release, title="Misspelt brand", steps=STEPS, actor=rhea)
    assert Scenario.objects.current().get().order == 2, "its number is not given to another"


def test_what_nobody_tried_is_gone(release: Release, scenario: Scenario, rhea: User) -> None:
    remove_scenario(scenario=scenario, actor=rhea)
    assert not Scenario.objects.exists() and AuditEntry.objects.filter(action="scenario_removed").exists()
    with pytest.raises(Conflict):
        change_scenario(scenario=scenario, title="x", steps=[], actor=rhea)


@pytest.mark.parametrize(
    ("kind", "may"),
    [
        (RoleKind.RELEASE_MANAGER, True),
        (RoleKind.OWNER, True),
        (RoleKind.APPROVER, True),
        (RoleKind.TESTER, True),
        (RoleKind.ENGINEER, False),
        (RoleKind.VIEWER, False),
    ],
)
def test_who_writes(kind: RoleKind, may: bool, release: Release, storefront: Product) -> None:
    person = User.objects.create_user("pia@example.com", "down-the-slipway-42", name="Pia Holm")
    person.roles.create(product=storefront, kind=kind)
    fitting: dict[str, Any] = {"release": release, "title": "Misspelt brand", "steps": [], "actor": person}
    if may:
        write_scenario(**fitting)
    else:
        with pytest.raises(Forbidden):
            write_scenario(**fitting)
    assert Scenario.objects.exists() is may
