"""Findings on the bench: where they begin, how they move, and what closes them."""

from typing import Any

import pytest

from core.models import User
from releases.models import Release
from tests.validation.sitting import BrowserOf, passed
from validation.actions import move_finding, raise_finding, submit_step
from validation.models import Finding, Run, Scenario


def test_a_finding_begins_with_its_step_and_moves_for_reasons(
    scenarios: list[Scenario], run: Run, bench: str, tomas: User, rhea: User, browser_of: BrowserOf
) -> None:
    here, browser = f"{bench}?scenario={scenarios[0].pk}", browser_of(tomas)
    assert 'value="Type jaket: "' in browser.get(here).content.decode()
    submit_step(run=run, scenario=scenarios[0], step=1, status="fail", note="Only lamps", actor=tomas)
    assert 'value="Only lamps"' in browser.get(here).content.decode()
    sent = {"scenario": scenarios[0].pk, "step": 1, "title": "Filter resets", "severity": "minor"}
    assert browser.post(f"{bench}findings/", sent).status_code == 303
    finding = Finding.objects.get()
    assert (finding.step, finding.build.version) == (1, "2.0.2")
    for person, words in ((tomas, {"fixed"}), (rhea, {"accepted"})):
        page = browser_of(person).get(here).content.decode()
        assert {word for word in ("fixed", "accepted", "reopened") if f'value="{word}"' in page} == words
    move = f"/findings/{finding.pk}/move/"
    assert browser.post(move, {"verb": "accepted", "reason": "x"}).status_code == 403
    assert browser_of(rhea).post(move, {"verb": "accepted"}).status_code == 422
    assert browser_of(rhea).post(move, {"verb": "eaten"}).status_code == 422
    assert browser_of(rhea).post(move, {"verb": "accepted", "reason": "It is small."}).status_code == 303
    page = browser_of(tomas).get(f"{bench}findings/").content.decode()
    assert "“It is small.”" in page and "accepted" in page


def test_a_pass_after_the_fix_closes_a_finding(
    scenarios: list[Scenario], run: Run, release: Release, bench: str, tomas: User, browser_of: BrowserOf
) -> None:
    said: dict[str, Any] = {"title": "Filter resets", "severity": "minor", "scenario": scenarios[0]}
    finding = raise_finding(release=release, build=run.build, actor=tomas, **said)
    move_finding(finding=finding, verb="fixed", actor=tomas)
    here, browser = f"{bench}?scenario={scenarios[0].pk}", browser_of(tomas)
    assert "A pass of its scenario closes it." in browser.get(here).content.decode()
    passed(run, scenarios[0], tomas)
    page = browser.get(here).content.decode()
    assert "closed" in page and "Tried again by Tomas Weber on 2.0.2." in page


@pytest.mark.parametrize(
    "sent", [{}, {"title": " "}, {"title": "x" * 161}, {"severity": "huge"}, {"step": 9}, {"scenario": 10**6}], ids=str
)
def test_p12_a_finding_that_says_too_little_is_refused(
    sent: dict[str, object], scenarios: list[Scenario], run: Run, bench: str, tomas: User, browser_of: BrowserOf
) -> None:
    fitting = {"scenario": scenarios[0].pk, "title": "Filter resets", "severity": "minor"}
    said = browser_of(tomas).post(f"{bench}findings/", {**fitting, **sent} if sent else {})
    assert said.status_code == 422 and not Finding.objects.exists()
