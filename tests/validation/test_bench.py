"""The tester's bench, as a browser without JavaScript meets it."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.choices import RoleKind
from core.models import AuditEntry, Environment, Product, User
from releases.actions import register_build, register_deployment, set_candidate
from releases.models import Build, Release
from tests.validation.sitting import STEPS, BrowserOf, answer, now_at, passed, write
from validation.actions import raise_finding, start_run, submit_result, submit_step
from validation.models import Result, Run, Scenario, StepResult
from validation.today import work


def test_a_tester_answers_step_by_step_and_is_led_on(
    release: Release, scenarios: list[Scenario], staging: Environment, bench: str, tomas: User, browser_of: BrowserOf
) -> None:
    browser = browser_of(tomas)
    page = browser.get(bench).content.decode()
    assert "Start testing 2.0.2 on staging" in page and "As a shopper I mistype." in page and "about 4" in page
    assert len(work(tomas, clock.now())) == 1
    browser.post(f"{bench}start/", {"environment": staging.pk})
    run = Run.objects.get()
    for scenario in scenarios:
        here = f"/runs/{run.pk}/steps/{scenario.pk}/"
        assert now_at(browser.get(bench).content.decode()) == "Type jaket"
        said = browser.post(here, answer(1, status="pass"))
        assert (said.status_code, said["Location"]) == (303, f"{bench}?scenario={scenario.pk}#step")
        page = browser.get(said["Location"]).content.decode()
        assert now_at(page) == "Choose the first." and "Pass and next" in page and "saved " in page
        assert not Result.objects.filter(scenario=scenario).exists(), "a step alone decides nothing"
        said = browser.post(here, answer(2, onward="pass"))
        assert (said.status_code, said["Location"]) == (303, f"{bench}?after={scenario.pk}#step")
    assert "Nothing is left for you" in browser.get(bench).content.decode()
    assert not work(tomas, clock.now())
    assert "2 of 2 passed on 2.0.2" in browser.get("/testing/").content.decode()


def test_a_step_is_answered_again_and_the_newest_counts(
    scenarios: list[Scenario], run: Run, bench: str, tomas: User, browser_of: BrowserOf
) -> None:
    browser, here = browser_of(tomas), f"/runs/{run.pk}/steps/{scenarios[0].pk}/"
    browser.post(here, answer(1, status="fail", note="Lamps & <b>rugs</b>"))
    page = browser.get(f"{bench}?scenario={scenarios[0].pk}").content.decode()
    assert "Fail and next" in page and "Lamps &amp; &lt;b&gt;rugs&lt;/b&gt;" in page
    assert now_at(browser.get(f"{bench}?scenario={scenarios[0].pk}&step=1").content.decode()) == "Type jaket"
    browser.post(here, answer(1, status="pass"))
    assert "Fail and next" not in browser.get(f"{bench}?scenario={scenarios[0].pk}").content.decode()
    assert [one.status for one in StepResult.objects.order_by("id")] == ["fail", "pass"]


def test_what_was_typed_stays_when_a_step_is_refused(
    scenarios: list[Scenario], run: Run, tomas: User, browser_of: BrowserOf
) -> None:
    here = f"/runs/{run.pk}/steps/{scenarios[0].pk}/"
    said = browser_of(tomas).post(here, answer(1, status="eaten", note="fourteen jackets"))
    assert said.status_code == 422 and "fourteen jackets" in said.content.decode()
    said = browser_of(tomas).post(here, answer(1, status="fail"))
    assert said.status_code == 422 and "Say what you saw" in said.content.decode()
    assert now_at(said.content.decode()) == "Type jaket"
    assert not StepResult.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        {"step": 0},
        {"step": 3},
        {"step": "1e3"},
        {"step": 2**40},
        {"step": ""},
        {"status": "maybe"},
        {"status": ""},
        {"status": "fail", "note": "x" * 4_001},
        {"status": "fail", "note": "a\x00b"},
        {"version": "x"},
        {"onward": "maybe"},
    ],
    ids=str,
)
def test_p12_rubbish_is_refused_and_nothing_is_written(
    sent: dict[str, object], scenarios: list[Scenario], run: Run, tomas: User, browser_of: BrowserOf
) -> None:
    said = browser_of(tomas).post(f"/runs/{run.pk}/steps/{scenarios[0].pk}/", answer(1, **{"status": "pass", **sent}))
    assert 400 <= said.status_code < 500
    assert not StepResult.objects.exists() and not Result.objects.exists()


def test_with_htmx_the_bench_alone_is_swapped_and_the_address_follows(
    scenarios: list[Scenario], run: Run, bench: str, tomas: User, browser_of: BrowserOf
) -> None:
    browser, htmx = browser_of(tomas), {"HX-Request": "true"}
    here = f"/runs/{run.pk}/steps/{scenarios[0].pk}/"
    said = browser.post(here, answer(1, status="pass"), headers=htmx)
    page = said.content.decode()
    assert (said.status_code, said["HX-Replace-Url"]) == (200, f"{bench}?scenario={scenarios[0].pk}")
    assert page.strip().startswith('<div class="bench" id="bench">') and now_at(page) == "Choose the first."
    said = browser.post(here, answer(2, status="fail"), headers=htmx)
    assert said.status_code == 422 and "HX-Replace-Url" not in said.headers
    listed = browser.get(f"{bench}?part=list&q=misspelt", headers=htmx).content.decode()
    assert "Misspelt brand" in listed and "One wrong letter" not in listed and "<html" not in listed


def test_the_list_finds_scenarios_and_shows_ones_own(
    release: Release, scenarios: list[Scenario], run: Run, bench: str, tomas: User, rhea: User, browser_of: BrowserOf
) -> None:
    quinns = User.objects.create_user("tara@example.com", "down-the-slipway-42", name="Tara Novak")
    quinns.roles.create(product=release.product, kind=RoleKind.TESTER)
    write(release, "Screen reader", rhea, tester=quinns)
    passed(run, scenarios[0], tomas)
    browser = browser_of(tomas)

    def shown(query: str) -> list[str]:
        return re.findall(r'scn__name">(.*?)<', browser.get(f"{bench}?{query}").content.decode())

    assert shown("") == ["One wrong letter", "Misspelt brand", "Screen reader"]
    assert shown("q=BRAND") == ["Misspelt brand"] and shown("q=%00zzz") == [] and shown("q=3") == ["Screen reader"]
    assert shown("mine=1") == ["Misspelt brand"]
    assert "1 left for you" in browser.get(bench).content.decode()


def test_a_new_build_asks_for_a_re_test_and_says_what_changed(
    release: Release,
    scenarios: list[Scenario],
    run: Run,
    bench: str,
    staging: Environment,
    storefront: Product,
    tomas: User,
    emil: User,
    next_build: Build,
    browser_of: BrowserOf,
) -> None:
    passed(run, scenarios[0], tomas)
    set_candidate(release=release, build=next_build, actor=emil)
    here = f"{bench}?scenario={scenarios[0].pk}"
    page = browser_of(tomas).get(here).content.decode()
    assert f"Your run {run.pk} is over." in page and "not deployed" in page
    later, _ = register_build(product=storefront, version="2.0.4", digest=f"sha256:{'c' * 64}", actor=emil)
    register_deployment(build=later, environment=staging, actor=emil)
    set_candidate(release=release, build=later, actor=emil)
    browser_of(tomas).post(f"{bench}start/", {"environment": staging.pk})
    page = browser_of(tomas).get(here).content.decode()
    assert "Re-test on build 2.0.4." in page and "You passed this on 2.0.2 on" in page
    assert "Changed since: the candidate, to 2.0.3, then 2.0.4." in page
    assert "2.0.2: <b>Tomas Weber</b> passed" in page
    assert now_at(page) == "Type jaket", "a new build is tried from the first step"


@pytest.mark.parametrize("how", ["candidate", "deployment"])
def test_p1_nothing_is_recorded_on_a_build_that_was_replaced_meanwhile(
    how: str,
    release: Release,
    scenarios: list[Scenario],
    run: Run,
    staging: Environment,
    tomas: User,
    emil: User,
    next_build: Build,
    browser_of: BrowserOf,
) -> None:
    browser = browser_of(tomas)
    browser.post(f"/runs/{run.pk}/steps/{scenarios[0].pk}/", answer(1, status="pass"))
    before = (StepResult.objects.count(), AuditEntry.objects.filter(action="result_submitted").count())
    if how == "candidate":
        set_candidate(release=release, build=next_build, actor=emil)
    else:
        register_deployment(build=next_build, environment=staging, actor=emil)
    for sent in (answer(2, status="pass"), answer(2, onward="pass")):
        said = browser.post(f"/runs/{run.pk}/steps/{scenarios[0].pk}/", sent)
        assert said.status_code == 409 and "Nothing was recorded" in said.content.decode()
    assert browser.post(f"/runs/{run.pk}/results/{scenarios[0].pk}/", answer(1, status="pass")).status_code == 409
    after = (StepResult.objects.count(), AuditEntry.objects.filter(action="result_submitted").count())
    assert after == before and not Result.objects.exists()


def test_two_testers_at_once_do_not_answer_for_each_other(
    release: Release,
    scenarios: list[Scenario],
    run: Run,
    bench: str,
    staging: Environment,
    storefront: Product,
    tomas: User,
    quinn: User,
    browser_of: BrowserOf,
) -> None:
    quinn.roles.create(product=storefront, kind=RoleKind.TESTER)
    theirs = start_run(release=release, environment=staging, tester=quinn)
    submit_step(run=run, scenario=scenarios[0], step=1, status="pass", actor=tomas)
    assert now_at(browser_of(quinn).get(bench).content.decode()) == "Type jaket"
    assert (
        browser_of(quinn).post(f"/runs/{run.pk}/steps/{scenarios[0].pk}/", answer(2, status="pass")).status_code == 403
    )
    submit_step(run=theirs, scenario=scenarios[0], step=1, status="fail", note="nothing", actor=quinn)
    assert now_at(browser_of(tomas).get(bench).content.decode()) == "Choose the first."
    passed(run, scenarios[0], tomas)
    submit_result(run=theirs, scenario=scenarios[0], status="fail", actor=quinn)
    page = browser_of(tomas).get(f"{bench}?scenario={scenarios[0].pk}").content.decode()
    assert "<b>Quinn Hale</b> failed at step 1" in page and "<b>fail</b> on 2.0.2" in page


def test_p6_reading_the_bench_writes_nothing(
    scenarios: list[Scenario], run: Run, bench: str, tomas: User, browser_of: BrowserOf
) -> None:
    browser = browser_of(tomas)
    with CaptureQueriesContext(connection) as asked:
        for path in (bench, f"{bench}?part=list&step=2&q=x&mine=1", f"{bench}findings/", f"{bench}scenarios/"):
            assert browser.get(path).status_code == browser.head(path).status_code == 200
    assert not [one["sql"] for one in asked if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_more_scenarios_steps_and_findings_cost_no_more_queries(
    release: Release, scenarios: list[Scenario], run: Run, bench: str, tomas: User, rhea: User, browser_of: BrowserOf
) -> None:
    browser = browser_of(tomas)
    pages = (f"{bench}?scenario={scenarios[0].pk}", f"{bench}findings/", "/testing/")

    def cost() -> list[int]:
        counts = []
        for page in pages:
            with CaptureQueriesContext(connection) as asked:
                assert browser.get(page).status_code == 200
            counts.append(len(asked))
        return counts

    passed(run, scenarios[0], tomas)
    raise_finding(release=release, build=run.build, title="0", severity="minor", scenario=scenarios[0], actor=tomas)
    before = cost()
    for number in range(1, 4):
        more = write(release, f"More {number}", rhea, steps=STEPS * (number + 1))
        passed(run, more, tomas)
        passed(run, scenarios[0], tomas)
        said: dict[str, Any] = {"title": f"{number}", "severity": "minor", "scenario": scenarios[0]}
        raise_finding(release=release, build=run.build, actor=tomas, **said)
    assert cost() == before


def test_otto_sees_nothing(
    release: Release,
    scenarios: list[Scenario],
    run: Run,
    bench: str,
    staging: Environment,
    otto: User,
    tomas: User,
    browser_of: BrowserOf,
) -> None:
    browser = browser_of(otto)
    finding = raise_finding(release=release, build=run.build, title="Slow", severity="minor", actor=tomas)
    scenario = f"{bench}scenarios/{scenarios[0].pk}/"
    for path in (bench, f"{bench}?part=list", f"{bench}findings/", f"{bench}scenarios/", scenario):
        assert browser.get(path).status_code == 404
    posted: list[tuple[str, dict[str, object]]] = [
        (f"{bench}start/", {"environment": staging.pk}),
        (f"/runs/{run.pk}/steps/{scenarios[0].pk}/", answer(1, status="pass")),
        (f"/runs/{run.pk}/results/{scenarios[0].pk}/", {"status": "pass"}),
        (f"/runs/{run.pk}/finish/", {}),
        (f"/findings/{finding.pk}/move/", {"verb": "fixed"}),
        (f"{bench}findings/", {"title": "x", "severity": "minor"}),
        (f"{bench}scenarios/", {"title": "x"}),
        (scenario, {"title": "x"}),
        (f"{scenario}remove/", {"reason": "x"}),
    ]
    before = AuditEntry.objects.count()
    assert [browser.post(path, sent).status_code for path, sent in posted] == [404] * len(posted)
    assert AuditEntry.objects.count() == before
    assert "Search 2.0" not in browser.get("/testing/").content.decode()


def test_a_viewer_reads_and_records_nothing(
    release: Release,
    scenarios: list[Scenario],
    staging: Environment,
    bench: str,
    storefront: Product,
    browser_of: BrowserOf,
) -> None:
    viewer = User.objects.create_user("vic@example.com", "down-the-slipway-42", name="Vic Lund")
    viewer.roles.create(product=storefront, kind=RoleKind.VIEWER)
    browser = browser_of(viewer)
    page = browser.get(bench).content.decode()
    for word in ("Start testing", "Raise a finding", "Write a scenario", "Change"):
        assert word not in page
    assert "Testers of Storefront record here what came out." in page
    assert browser.post(f"{bench}start/", {"environment": staging.pk}).status_code == 403
    assert browser.post(f"{bench}findings/", {"title": "x", "severity": "minor"}).status_code == 403
    assert browser.post(f"{bench}scenarios/", {"title": "x"}).status_code == 403
    assert not Run.objects.exists()
