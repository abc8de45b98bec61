"""The whole way: from what the pipeline reports, over tests and signatures, to everyone."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from playwright.sync_api import Browser

from demo.services.versions import BLUE, GREEN
from tests.journeys.stack import Stack, started
from tests.journeys.walking import Walker, walking

Tell = Callable[[str], None]
pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
STANDS = """() => [...document.querySelectorAll("#bench :is(h2, .step > .state, .dock)")].map(
    (one) => one.textContent).join()"""
"""Where a sitting is; what else changes on its page by itself is no answer of the tester's."""


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    with started(folder, story="early") as running:
        yield running


def test_a_release_goes_from_the_pipeline_to_everyone(stack: Stack, chromium: Browser, tell: Tell) -> None:
    release = f"/releases/{stack.story['releases']['search']}/"
    with walking(chromium, stack, "rhea") as rhea:
        rhea.go(release)
        assert rhea.sentence().startswith("Blocked:"), rhea.sentence()
        the_pipeline_reports(stack)
        tomas_tries_everything(chromium, stack, release)
        teams_tick_their_items(chromium, stack, release)
        rhea.go(release)
        rhea.press("Ask for sign-off")
        for signer in ("quinn", "bea"):
            somebody_signs_what_the_mail_leads_to(chromium, stack, signer)
        rhea.go(release)
        assert rhea.sentence().startswith("Ready:"), rhea.sentence()
        rhea.press("Start the rollout")
        it_grows_to_everyone(stack, rhea, tell)
        rhea.go(release)
        assert "Watching" in rhea.sentence() or "Completed" in rhea.sentence()


def the_pipeline_reports(stack: Stack) -> None:
    with stack.api() as emil:
        assert emil.get("/openapi.json").status_code == 200
        wrong = emil.post("/products/storefront/builds", json={"version": "2.0.0", "digest": "no digest!"})
        assert (wrong.status_code, wrong.headers["content-type"].split(";")[0]) == (422, "application/problem+json")
        assert "digest" in wrong.text
        build = {"version": GREEN.version, "digest": GREEN.digest, "commit": "4f1c2e97ab03"}
        assert emil.post("/products/storefront/builds", json=build).status_code == 201
        for kind in ("regression", "database"):
            check = {"kind": kind, "status": "pass", "summary": "all passed"}
            assert emil.post(f"/builds/{GREEN.digest}/checks", json=check).status_code == 201
        for place in ({"environment": "staging"}, {"environment": "production", "slot": "green"}):
            answer = emil.post("/products/storefront/deployments", json={"digest": GREEN.digest, **place})
            assert answer.status_code == 201, answer.text
        chosen = emil.put(f"/releases/{stack.story['releases']['search']}/candidate", json={"digest": GREEN.digest})
        assert chosen.status_code == 200, chosen.text


def tomas_tries_everything(chromium: Browser, stack: Stack, release: str) -> None:
    with walking(chromium, stack, "tomas") as tomas:
        tomas.go(f"{release}testing/")
        tomas.press(re.compile("Start testing"))
        count = tomas.page.locator("a.scn").count()
        assert count == 4
        steps = 0
        while not tomas.page.get_by_text("Nothing is left for you").count():
            before = tomas.page.evaluate(STANDS)
            tomas.page.keyboard.press("Shift+Enter")
            tomas.page.wait_for_function(f"was => ({STANDS})() !== was", arg=before)
            steps += 1
        assert steps == 15, "each step of each scenario is answered"


def teams_tick_their_items(chromium: Browser, stack: Stack, release: str) -> None:
    for key, evidence in (("bea", "Newsletter of Monday"), ("quinn", "Dashboard, run 118")):
        with walking(chromium, stack, key) as person:
            person.go(release)
            person.page.locator("input[name=evidence]").first.fill(evidence)
            person.press(re.compile("^Tick"))
            person.page.wait_for_load_state()


def somebody_signs_what_the_mail_leads_to(chromium: Browser, stack: Stack, key: str) -> None:
    address = the_mails_address(stack, stack.person(key)["email"])
    with walking(chromium, stack, key) as signer:
        signer.go(address)
        signer.page.check("input[name=verdict][value=approve]")
        signer.press(re.compile("^Sign as"))
        signer.page.get_by_role("button", name=re.compile("Take my signature back")).wait_for()


def the_mails_address(stack: Stack, email: str) -> str:
    """A plain address: no credential in it."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for file in sorted((stack.data / "mail").glob("*.eml"), reverse=True):
            text = file.read_text(errors="replace")
            found = re.search(rf"{re.escape(stack.base)}(/approve/\d+/)(?!\S)", text)
            if found and f"To: {email}" in text and f"for {'Business' if 'bea' in email else 'QA'}: Search" in text:
                return found[1]
        time.sleep(0.3)
    raise AssertionError(f"no mail asked {email} to sign")


def it_grows_to_everyone(stack: Stack, rhea: Walker, tell: Tell) -> None:
    """Watched on the live page alone, which is never reloaded; what Envoy says is asked beside it."""
    began, before = time.monotonic(), stack.answered()
    rhea.wait_for(lambda said: re.match(r"(At|Healthy at|Held at) 5 %", said), within=60)
    assert stack.route() == {"blue": 950, "green": 50}
    assert flags_follow_the_route(stack) == {GREEN.digest: True, BLUE.digest: False}
    for percent in (25, 50):
        at = re.compile(rf"(At|Healthy at|Held at) {percent} %")
        rhea.wait_for(lambda said, at=at: at.match(said), within=120)  # type: ignore[misc]
        assert stack.route()["green"] == percent * 10
    rhea.wait_for(lambda said: said.startswith("Watching at 100 %"), within=180)
    took, after = time.monotonic() - began, stack.answered()
    assert stack.route() == {"blue": 0, "green": 1000}
    traffic = {slot: after[slot] - before[slot] for slot in after}
    tell(f"to everyone in {took:.1f} s, with {traffic['green']} searches answered by green, {traffic['blue']} by blue")
    assert traffic["green"] > 200
    assert rhea.page.locator(".kpi svg[role=img]").count() == 3


def flags_follow_the_route(stack: Stack) -> dict[str, bool]:
    """As the shop's servers ask, by the OpenFeature client: who is served by which build has which features."""
    key = stack.story["flag_keys"]["storefront-server"]
    api.set_provider(OFREPProvider(stack.base, headers_factory=lambda: {"Authorization": f"Bearer {key}"}))
    try:
        return {digest: asked_for(digest) for digest in (GREEN.digest, BLUE.digest)}
    finally:
        api.clear_providers()


def asked_for(digest: str) -> bool:
    served = EvaluationContext("user-007", {"build": digest})
    answer = api.get_client().get_boolean_details("search-typo", False, served)
    assert answer.error_code is None, answer.error_message
    return answer.value
