"""Each person's day, from Today to done: on the device they have in their hand, and without JavaScript."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection
from django.utils.text import slugify
from playwright.sync_api import Browser

from approvals.actions import decide, submit_release
from approvals.case import Case
from approvals.models import Decision
from core.models import ApiToken
from releases.models import Release
from rollouts import engine
from rollouts.models import Rollout
from tests.conftest import FreshDatabase
from tests.house import person, told_in
from tests.journeys import bringing
from tests.journeys.site import Site, opened
from tests.journeys.walking import DESKTOP, PHONE, Walker, walking

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
OFF: dict[str, Any] = {"java_script_enabled": False}
WAYS = {"phone": PHONE, "desktop": DESKTOP, "phone, no scripts": PHONE | OFF, "desktop, no scripts": DESKTOP | OFF}
MOST_TAPS = 3


@pytest.fixture(scope="module")
def site(shared_db: FreshDatabase, folder: Path) -> Iterator[Site]:
    with told_in(folder), opened(shared_db, folder) as site:
        yield site


@pytest.fixture(scope="module")
def box(site: Site, folder: Path) -> Iterator[Path]:
    with bringing.post(folder) as box:
        yield box


def on(*ways: str) -> Callable[[Any], Any]:
    return pytest.mark.parametrize("way", ways)


def begins(walker: Walker, work: str) -> None:
    """Opens what Today says is waiting."""
    walker.go("/")
    walker.page.get_by_role("link", name=work, exact=True).click()
    walker.page.wait_for_url(re.compile(r"/(releases|approve)/"))


def is_done(walker: Walker, work: str) -> None:
    """Today no longer says so."""
    walker.go("/")
    assert walker.page.get_by_role("link", name=work, exact=True).count() == 0


def approve(walker: Walker) -> None:
    """The verdict, and the signature."""
    page = walker.page
    walker.tap(page.locator("label", has=page.locator("input[name=verdict][value=approve]")))
    walker.press(re.compile("^Sign as"))
    page.get_by_role("button", name="Take my signature back").wait_for()


@on("phone", "desktop, no scripts")
def test_tomas_tries_everything(site: Site, chromium: Browser, way: str) -> None:
    name = f"Tried on {way}"
    release = site.aside(lambda: bringing.written(name))
    with walking(chromium, site, "tomas", **WAYS[way]) as tomas:
        begins(tomas, f"Test {name}")
        tomas.press(re.compile("^Start testing"))
        for left in range(len(bringing.SCENARIOS), 0, -1):
            tomas.page.get_by_text(f"{left} left for you").wait_for()
            tomas.page.locator("button:visible", has_text=re.compile("Pass and next")).first.click()
        tomas.page.get_by_text("Nothing is left for you").wait_for()
        is_done(tomas, f"Test {name}")
    statuses = site.aside(lambda: [run.results.count() for run in release.runs.all()])
    assert statuses == [len(bringing.SCENARIOS)]


@on("desktop", "phone, no scripts")
def test_quinn_ticks_the_checklist_and_signs(site: Site, chromium: Browser, way: str) -> None:
    name = f"Ticked on {way}"
    site.aside(lambda: bringing.policy("QA"))
    release = site.aside(lambda: bringing.tried(bringing.written(name)))
    with walking(chromium, site, "quinn", **WAYS[way]) as quinn:
        begins(quinn, f"Tick the checklist of {name}")
        quinn.page.get_by_label(f"Where it can be seen: {bringing.ITEM}").fill("Dashboard, run 118")
        quinn.press(re.compile(f"^Tick.*{bringing.ITEM}"))
        quinn.page.get_by_role("button", name=re.compile("^Take the tick back")).wait_for()
        is_done(quinn, f"Tick the checklist of {name}")
        site.aside(lambda: submit_release(release=release, actor=person("rhea")))
        begins(quinn, f"Sign for QA: {name}")
        approve(quinn)
        is_done(quinn, f"Sign for QA: {name}")
    assert verdicts(site, release) == [("quinn@example.com", "approve")]


@on("phone", "desktop, no scripts")
def test_bea_signs_from_the_mails_address(site: Site, box: Path, chromium: Browser, way: str) -> None:
    """Not signed in, signing in leads to the page; signed in, the mail's address is three taps from a signature."""
    first, second = f"Signed on {way}", f"Signed next on {way}"
    site.aside(lambda: bringing.policy("Business"))
    release = site.aside(lambda: bringing.asked(bringing.written(first)))[0].release
    with walking(chromium, site, "bea", address=the_mails_address(site, box, "bea", first), **WAYS[way]) as bea:
        assert first in bea.page.locator("h1").inner_text()
        approve(bea)
        site.aside(lambda: bringing.asked(bringing.written(second)))
        bea.page.goto(the_mails_address(site, box, "bea", second))
        bea.taps, bea.felt[:] = 1, []  # the mail's link
        approve(bea)
        assert bea.taps <= MOST_TAPS
        assert "no scripts" in way or 1 + len(bea.felt) == bea.taps
        is_done(bea, f"Sign for Business: {second}")
    assert verdicts(site, release) == [("bea@example.com", "approve")]


def the_mails_address(site: Site, box: Path, who: str, name: str) -> str:
    """A plain address: no credential in it."""
    (letter,) = [one for one in site.aside(lambda: bringing.letters(box, who)) if name in one.subject]
    assert re.fullmatch(r"/approve/\d+/", letter.link)
    return site.base + letter.link


def verdicts(site: Site, release: Release) -> list[tuple[str, str]]:
    rows = Decision.objects.filter(request__release=release).order_by("pk").values_list("person__email", "verdict")
    return site.aside(lambda: list(rows))


@on("desktop", "phone, no scripts")
def test_ines_reads_along_and_signs_where_the_policy_says(site: Site, chromium: Browser, way: str) -> None:
    read, own = f"Read on {way}", f"Complied on {way}"
    site.aside(lambda: bringing.policy("Business"))
    others = site.aside(lambda: bringing.asked(bringing.written(read)))[0]
    site.aside(lambda: bringing.policy("Compliance"))
    site.aside(lambda: bringing.asked(bringing.written(own)))
    with walking(chromium, site, "ines", **WAYS[way]) as ines:
        ines.go(f"/releases/{others.release_id}/")
        ines.go(f"/approve/{others.pk}/")
        assert read in ines.page.locator("h1").inner_text()
        assert ines.page.get_by_role("button", name=re.compile("^Sign as")).count() == 0
        assert pressed_anyway(ines, f"/approve/{others.pk}/") == 403
        begins(ines, f"Sign for Compliance: {own}")
        approve(ines)
    assert verdicts(site, others.release) == []


def pressed_anyway(walker: Walker, path: str) -> int:
    """What comes of posting the form that the page did not offer, with this browser's session and a good token."""
    walker.go("/")
    token = walker.page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value")
    form: dict[str, str | float | bool] = {"csrfmiddlewaretoken": str(token), "verdict": "approve", "seal": "0" * 64}
    return walker.page.request.post(walker.stack.base + path, form=form).status


@on("desktop", "phone, no scripts")
def test_emil_reports_from_the_pipeline_and_sees_it(site: Site, chromium: Browser, way: str) -> None:
    version, digest = f"7.{len(way)}", f"sha256:{'7e' * 31}{len(way):02d}"
    token = site.aside(lambda: ApiToken.issue(user=person("emil"), product=bringing.product(), name=way)[1])
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{site.base}/api/v1", headers=headers, timeout=20) as pipeline:
        build = {"version": version, "digest": digest, "commit": "4f1c2e97ab03"}
        check = {"kind": "regression", "status": "pass", "summary": "1 284 tests passed"}
        for path, body in (
            ("/products/storefront/builds", build),
            (f"/builds/{digest}/checks", check),
            ("/products/storefront/deployments", {"digest": digest, "environment": "staging"}),
        ):
            assert pipeline.post(path, json=body).status_code == 201, path
        release = site.aside(lambda: bringing.written(f"Reported on {way}"))
        chosen = pipeline.put(f"/releases/{release.pk}/candidate", json={"digest": digest})
        assert chosen.status_code == 200, chosen.text
    with walking(chromium, site, "emil", **WAYS[way]) as emil:
        emil.go(f"/releases/{release.pk}/")
        text = emil.page.locator("#candidate").inner_text()
        assert version in text and "1 284 tests passed" in text
        emil.go("/audit/")
        assert version in emil.page.locator("main").inner_text()


@on("desktop", "phone, no scripts")
def test_rhea_puts_a_release_together_starts_it_and_rolls_it_back(site: Site, chromium: Browser, way: str) -> None:
    name = f"Put together on {way}"
    site.aside(lambda: bringing.policy("Business"))
    site.aside(lambda: bringing.build(name, production=True))
    with walking(chromium, site, "rhea", **WAYS[way]) as rhea:
        she_writes_what_it_is(rhea, name)
        address = re.sub(r"#.*", "", rhea.page.url)
        rhea.go(address)
        rhea.press("Ask for sign-off")
        rhea.page.wait_for_load_state()
        site.aside(lambda: bea_approves(name))
        rhea.go(address)
        rhea.press("Start the rollout")
        rhea.page.wait_for_url(re.compile(r"/rollouts/\d+/$"))
        with the_engine_runs(), the_page_kept_fresh(rhea, way):
            wait(rhea, r"(At|Held at|Healthy at) 5 %")
            rhea.page.get_by_role("textbox", name="Reason").fill("Support hears of wrong prices.")
            rhea.press(re.compile("^Roll back"))
            wait(rhea, "Rolled back in")
    assert site.aside(lambda: Rollout.objects.get(release__name=name).state) == "rolled_back"


def she_writes_what_it_is(rhea: Walker, name: str) -> None:
    """A new release, its feature, its candidate and its plan."""
    page = rhea.page
    rhea.go("/releases/")
    page.get_by_role("link", name="New release").first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label(re.compile("^Express")).check()
    page.get_by_label("Way back").fill("The flag goes off.")
    rhea.press("Open the release")
    page.wait_for_url(re.compile("/scope/"))
    if not page.get_by_role("button", name="Add the feature").is_visible():
        page.locator("summary", has_text="Add a feature").click()
    feature = page.locator("form", has=page.get_by_role("button", name="Add the feature"))
    feature.get_by_label("Name", exact=True).fill(name)
    feature.get_by_label("Owner").select_option(label="Emil Sand")
    feature.get_by_label("Or a new flag").fill(slugify(name))
    rhea.press("Add the feature")
    page.get_by_role("link", name=re.compile(f"^Change.*{name}")).wait_for()
    build = page.locator("#candidate option", has_text=f"of {name}").get_attribute("value")
    page.locator("#candidate select").select_option(build)
    rhea.press("Make it the candidate")
    page.locator("#candidate .tag", has_text=f"of {name}").wait_for()
    rhea.go(page.url.split("scope/")[0] + "plan/")
    page.get_by_label("Exposure in %").first.fill("5")
    page.get_by_label("Bakes for").first.fill("11 min")
    kpi = page.get_by_role("group", name="KPI 1")
    kpi.get_by_label("Name").fill("Failed searches")
    kpi.get_by_label("New side").fill("green")
    kpi.get_by_label("Old side").fill("blue")
    kpi.get_by_label("Compared with it").uncheck()
    kpi.get_by_label("Limit in %").fill("10")
    page.locator("button.btn", has_text="Write the plan").click()
    page.get_by_text("11 min").first.wait_for()


def bea_approves(name: str) -> None:
    """What she does is a journey of its own."""
    release = Release.objects.get(name=name)
    request = release.signoff_requests.get()
    decide(request=request, person=person("bea"), verdict="approve", seal_digest=Case(release).digest)


@contextmanager
def the_engine_runs() -> Iterator[None]:
    """As beat and a worker do, in a thread."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(0.2):
            engine.run_once()
        connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def the_page_kept_fresh(walker: Walker, way: str) -> Iterator[None]:
    """Without JavaScript a page is as old as its last load: a person presses reload."""
    if "no scripts" in way:
        sentence = walker.sentence
        walker.sentence = lambda: (walker.page.reload(), sentence())[1]  # type: ignore[method-assign]
    yield


def wait(walker: Walker, pattern: str) -> None:
    walker.wait_for(lambda said: re.match(pattern, said), within=40)


@on("desktop", "phone, no scripts")
def test_otto_sees_nothing_of_it(site: Site, box: Path, chromium: Browser, way: str) -> None:
    """Not by address, not on his lists, and not from a mail that was forwarded to him."""
    name = f"Hidden on {way}"
    site.aside(lambda: bringing.policy("Business"))
    request = site.aside(lambda: bringing.asked(bringing.written(name)))[0]
    letter = the_mails_address(site, box, "bea", name)
    with walking(chromium, site, "otto", **WAYS[way]) as otto:
        for path in (letter, f"{site.base}/releases/{request.release_id}/", f"{site.base}/flags/storefront/x/"):
            answer = otto.page.goto(path)
            assert answer is not None and answer.status == 404
            assert name not in otto.page.content() and "Storefront" not in otto.page.content()
        for path in ("/", "/releases/", "/testing/", "/rollouts/", "/flags/", "/running/", "/audit/", "/products/"):
            otto.go(path)
            assert "Storefront" not in otto.page.content(), path
        otto.complaints.clear()  # Chromium logs every 404
