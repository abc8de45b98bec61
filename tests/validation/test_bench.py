"""The tester's bench, as a browser without JavaScript meets it."""

from collections.abc import Callable

import pytest
from django.test import Client

from core import clock
from core.models import Environment, User
from releases.actions import register_deployment, set_candidate
from releases.models import Build, Release
from validation.actions import start_run, submit_result, write_scenario
from validation.models import Finding, Result, Run, Scenario
from validation.today import work

BrowserOf = Callable[[User], Client]


@pytest.fixture
def scenarios(release: Release, rhea: User) -> list[Scenario]:
    steps = [{"do": "Type jaket", "expect": "Jackets"}]
    feature = release.features.get()
    return [
        write_scenario(release=release, title=title, steps=steps, feature=feature, actor=rhea)
        for title in ("One wrong letter", "Misspelt brand")
    ]


def test_a_tester_starts_passes_and_is_led_to_the_next(
    release: Release, scenarios: list[Scenario], staging: Environment, tomas: User, browser_of: BrowserOf
) -> None:
    browser, bench = browser_of(tomas), f"/releases/{release.pk}/testing/"
    assert "Start testing 2.0.2 on staging" in browser.get(bench).content.decode()
    assert len(work(tomas, clock.now())) == 1
    browser.post(f"{bench}start/", {"environment": staging.pk})
    run = Run.objects.get()
    for scenario in scenarios:
        page = browser.get(bench).content.decode()
        assert f'action="/runs/{run.pk}/results/{scenario.pk}/"' in page
        answer = browser.post(f"/runs/{run.pk}/results/{scenario.pk}/", {"status": "pass"})
        assert (answer.status_code, answer["Location"]) == (303, bench)
    assert "Nothing is left for you" in browser.get(bench).content.decode()
    assert not work(tomas, clock.now())
    assert "2 of 2 passed on 2.0.2" in browser.get("/testing/").content.decode()


def test_what_was_typed_stays_when_a_result_is_refused(
    release: Release, scenarios: list[Scenario], staging: Environment, tomas: User, browser_of: BrowserOf
) -> None:
    run = start_run(release=release, environment=staging, tester=tomas)
    sent = {"status": "pass", "note": "fourteen jackets", "finding": "Filter resets", "severity": "minor"}
    answer = browser_of(tomas).post(f"/runs/{run.pk}/results/{scenarios[0].pk}/", sent)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "fourteen jackets" in page and "Filter resets" in page and "A finding comes with a fail." in page
    assert not Result.objects.exists()


def test_a_new_build_asks_for_a_re_test(
    release: Release,
    scenarios: list[Scenario],
    staging: Environment,
    tomas: User,
    emil: User,
    next_build: Build,
    browser_of: BrowserOf,
) -> None:
    run = start_run(release=release, environment=staging, tester=tomas)
    submit_result(run=run, scenario=scenarios[0], status="pass", actor=tomas)
    set_candidate(release=release, build=next_build, actor=emil)
    page = browser_of(tomas).get(f"/releases/{release.pk}/testing/?scenario={scenarios[0].pk}").content.decode()
    assert "Changed since your pass on 2.0.2." in page
    assert "not deployed" in page
    register_deployment(build=next_build, environment=staging, actor=emil)
    page = browser_of(tomas).get(f"/releases/{release.pk}/testing/").content.decode()
    assert "Start testing 2.0.3 on staging" in page


def test_a_finding_is_accepted_by_button(
    release: Release, scenarios: list[Scenario], staging: Environment, tomas: User, rhea: User, browser_of: BrowserOf
) -> None:
    run = start_run(release=release, environment=staging, tester=tomas)
    sent = {"status": "fail", "note": "gone", "finding": "Filter resets", "severity": "minor"}
    browser_of(tomas).post(f"/runs/{run.pk}/results/{scenarios[0].pk}/", sent)
    finding = Finding.objects.get()
    bench = f"/releases/{release.pk}/testing/?scenario={scenarios[0].pk}"
    for person, words in ((tomas, {"fixed"}), (rhea, {"accepted"})):
        page = browser_of(person).get(bench).content.decode()
        assert {word for word in ("fixed", "accepted", "reopened") if f'value="{word}"' in page} == words
    assert browser_of(tomas).post(f"/findings/{finding.pk}/move/", {"verb": "accepted"}).status_code == 403
    assert browser_of(rhea).post(f"/findings/{finding.pk}/move/", {"verb": "accepted"}).status_code == 303
    assert browser_of(rhea).post(f"/findings/{finding.pk}/move/", {"verb": "eaten"}).status_code == 422


def test_otto_sees_nothing(
    release: Release, scenarios: list[Scenario], staging: Environment, tomas: User, otto: User, browser_of: BrowserOf
) -> None:
    run, browser = start_run(release=release, environment=staging, tester=tomas), browser_of(otto)
    bench = f"/releases/{release.pk}/testing/"
    assert browser.get(bench).status_code == 404
    assert browser.post(f"{bench}start/", {"environment": staging.pk}).status_code == 404
    assert browser.post(f"/runs/{run.pk}/results/{scenarios[0].pk}/", {"status": "pass"}).status_code == 404
    assert browser.post(f"/runs/{run.pk}/finish/").status_code == 404
    assert "Search 2.0" not in browser.get("/testing/").content.decode()


def test_a_viewer_reads_and_records_nothing(
    release: Release, scenarios: list[Scenario], staging: Environment, bea: User, browser_of: BrowserOf
) -> None:
    browser, bench = browser_of(bea), f"/releases/{release.pk}/testing/"
    assert "Start testing" not in browser.get(bench).content.decode()
    assert browser.post(f"{bench}start/", {"environment": staging.pk}).status_code == 403
    assert not Run.objects.exists()
