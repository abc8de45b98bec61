"""The other way: a bad version hurts a few, and is gone again within seconds; and the way back without JavaScript."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.stack import Stack, started
from tests.journeys.walking import walking

Tell = Callable[[str], None]
pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    with started(folder) as running:
        yield running


def test_a_hurt_version_is_gone_again_untouched_by_hands(stack: Stack, chromium: Browser, tell: Tell) -> None:
    release = f"/releases/{stack.story['releases']['search']}/"
    bea_signs_from_the_demos_mailbox(chromium, stack)
    with walking(chromium, stack, "rhea") as rhea, walking(chromium, stack, "emil") as emil:
        rhea.go(release)
        rhea.press("Start the rollout")
        rhea.wait_for(lambda said: re.match(r"(At|Healthy at) 5 %", said), within=60)
        assert stack.route()["green"] == 50
        emil.go("/demo/")
        emil.press("Hurt the new version")
        hurt, before = time.monotonic(), stack.answered()
        said = rhea.wait_for(lambda said: said.startswith("Rolled back in"), within=120)
        assert stack.route() == {"blue": 1000, "green": 0}
        took, after = time.monotonic() - hurt, stack.answered()
        share = {slot: after[slot] - before[slot] for slot in after}
        tell(f"hurt to back: {took:.1f} s, {said}; meanwhile {share['green']} searches met green, {share['blue']} blue")
        the_page_answers_by_itself(rhea.page.locator("main").inner_text())
        rhea.go(release)
        assert rhea.sentence().startswith("Rolled back")
        emil.go("/demo/")
        emil.press("Heal it")


def bea_signs_from_the_demos_mailbox(chromium: Browser, stack: Stack) -> None:
    with walking(chromium, stack, "bea") as bea:
        bea.go("/demo/")
        mail = bea.page.locator("details.mail", has_text="Please sign for Business: Search 2.0")
        mail.locator("summary").wait_for(timeout=30_000)
        bea.go(str(mail.locator("a.btn").get_attribute("href")))
        bea.page.check("input[name=verdict][value=approve]")
        bea.press("Sign as Bea Okafor, Business")
        bea.page.get_by_role("button", name="Take my signature back").wait_for()


def the_page_answers_by_itself(text: str) -> None:
    plain = text.replace("\u00a0", " ")
    for said in ("2.0.0 of Search 2.0", "Storefront Production", "5 % at most", "Slow searches", "canary users"):
        assert said in plain
    assert re.search(r"Rhea Lind.* were told at \d\d:\d\d:\d\d", plain)
    assert re.search(r"Envoy route search to 1\.4\.2\s+\d+\.\d s", plain)


def test_p2_the_way_back_needs_no_javascript(stack: Stack, chromium: Browser, tell: Tell) -> None:
    release = f"/releases/{stack.story['releases']['loyalty']}/"
    with walking(chromium, stack, "otto", java_script_enabled=False) as otto:
        otto.go(release)
        otto.press("Start the rollout")
        otto.page.wait_for_url(re.compile(r"/rollouts/\d+/$"))
        assert re.match(r"(Going to|At) 5 %", otto.sentence()), otto.sentence()
        began = time.monotonic()
        otto.press(re.compile("Roll back"))
        while not otto.sentence().startswith("Rolled back in"):
            assert time.monotonic() - began < 30, otto.sentence()
            otto.page.wait_for_timeout(300)
            otto.page.reload()
        tell(f"rolled back without JavaScript: {otto.sentence()}")
        assert "Otto Kern" in otto.page.content()
