"""The picture in the README, taken from a fresh demo: `python scripts/screenshot.py .slipway docs/img/rollout.png`.

Bea signs Search 2.0, Rhea starts it, and the live page is taken once 25 % are healthy.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

LARGEST = 300_000


def main(data: Path, picture: Path) -> None:
    """Writes `picture`. Raises SystemExit if it is too large for a README."""
    story = json.loads((data / "demo.json").read_text())
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        sign(enter(browser, story, "bea"), story)
        page = enter(browser, story, "rhea")
        page.goto(f"{story['addresses']['site']}/releases/{story['releases']['search']}/")
        page.get_by_role("button", name="Start the rollout").click()
        page.wait_for_url(re.compile(r"/rollouts/\d+/"))
        page.goto(page.url)  # without the note that it was started
        page.get_by_text(re.compile(r"Healthy at 25.%")).wait_for(timeout=180_000)
        page.screenshot(path=picture)
        browser.close()
    if picture.stat().st_size > LARGEST:
        raise SystemExit(f"{picture} has {picture.stat().st_size} bytes; at most {LARGEST} belong into a README.")


def enter(browser: Browser, story: dict[str, Any], key: str) -> Page:
    """A page on which this person is signed in."""
    person = next(one for one in story["people"] if one["key"] == key)
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{story['addresses']['site']}/login/")
    page.fill("[name=username]", person["email"])
    page.fill("[name=password]", person["password"])
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(f"{story['addresses']['site']}/")
    return page


def sign(page: Page, story: dict[str, Any]) -> None:
    """As Bea, from the mail that the demo shows."""
    page.goto(f"{story['addresses']['site']}/demo/")
    mail = page.locator("details.mail", has_text="Please sign for Business: Search 2.0")
    page.goto(story["addresses"]["site"] + str(mail.locator("a.btn").get_attribute("href")))
    page.check("input[name=verdict][value=approve]")
    page.get_by_role("button", name=re.compile("^Sign as")).click()
    page.get_by_role("button", name="Take my signature back").wait_for()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
