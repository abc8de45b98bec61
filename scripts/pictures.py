"""The pictures of README and docs/, taken by playing the tutorial on a fresh demo, so that they stay true:

    make run                                          # on a new data folder
    python scripts/pictures.py .slipway docs/img

Each picture is what a person sees at that point: desktop unless its name ends in `-phone`.
"""

import json
import os
import re
import shutil
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

LARGEST = 300_000
"""Bytes that a picture may have in the repository."""
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


class Studio:
    """The browser, the story, and where the pictures go."""

    def __init__(self, browser: Browser, data: Path, folder: Path) -> None:
        self.browser = browser
        self.story: dict[str, Any] = json.loads((data / "demo.json").read_text())
        self.site = str(self.story["addresses"]["site"])
        self.release = f"/releases/{self.story['releases']['search']}/"
        self.folder = folder

    def enter(self, key: str, *, phone: bool = False, dark: bool = False) -> Page:
        """A page on which this person is signed in."""
        person = next(one for one in self.story["people"] if one["key"] == key)
        page = self.browser.new_context(
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            device_scale_factor=2 if phone else 1,
            has_touch=phone,
        ).new_page()
        page.goto(f"{self.site}/login/")
        page.fill("[name=username]", person["email"])
        page.fill("[name=password]", person["password"])
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(f"{self.site}/")
        return page

    def take(self, page: Page, name: str, path: str = "") -> None:
        """The picture `name` of `path`, or of what is there. Raises SystemExit if it is too large to be kept."""
        if path:
            page.goto(self.site + path)
            page.wait_for_timeout(600)  # the numbers beside the navigation come after the page
        picture = self.folder / f"{name}.png"
        page.screenshot(path=picture)
        if picture.stat().st_size > LARGEST:
            raise SystemExit(f"{picture} has {picture.stat().st_size} bytes; at most {LARGEST} are kept.")


def main(data: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, _chromium(playwright) as browser:
        at = Studio(browser, data, folder)
        before(at)
        sign(at)
        rhea = start(at)
        hurt(at, rhea)


def before(at: Studio) -> None:
    """What everybody sees before Bea has signed."""
    rhea = at.enter("rhea")
    at.take(rhea, "today", "/")
    at.take(rhea, "release", at.release)
    at.take(rhea, "plan", f"{at.release}plan/")
    at.take(rhea, "flag", "/flags/storefront/button-colour/?environment=production&user=user-007")
    at.take(rhea, "backlog", "/flags/backlog/")
    at.take(at.enter("mara"), "product", "/products/storefront/")
    tomas = at.enter("tomas")
    at.take(tomas, "testing", f"{at.release}testing/")
    at.take(at.enter("rhea", dark=True), "release-dark", at.release)


def sign(at: Studio) -> None:
    """As Bea, from the mail that the demo shows."""
    phone, page = at.enter("bea", phone=True), at.enter("bea")
    page.goto(f"{at.site}/demo/")
    mail = page.locator("details.mail", has_text=re.compile("sign for Business: Search 2.0"))
    address = str(mail.locator("a.btn").first.get_attribute("href"))
    at.take(phone, "approve-phone", address)
    at.take(page, "approve", address)
    page.check("input[name=verdict][value=approve]")
    page.get_by_role("button", name=re.compile("^Sign as")).click()
    page.get_by_role("button", name="Take my signature back").wait_for()


def start(at: Studio) -> Page:
    """As Rhea: start, and wait until a quarter of the users are well."""
    page = at.enter("rhea")
    page.goto(at.site + at.release)
    page.get_by_role("button", name=re.compile("^Start the rollout")).click()
    page.wait_for_url(re.compile(r"/rollouts/\d+/"))
    page.goto(page.url)  # without the note that it was started
    page.get_by_text(re.compile(r"Healthy at 25.%")).first.wait_for(timeout=180_000)
    at.take(page, "rollout")
    phone = at.enter("rhea", phone=True)
    at.take(phone, "rollout-phone", page.url.removeprefix(at.site))
    return page


def hurt(at: Studio, page: Page) -> None:
    """Make the new version bad, and do nothing else."""
    demo = at.enter("rhea")
    demo.goto(f"{at.site}/demo/")
    demo.get_by_role("button", name=re.compile("^Hurt")).click()
    page.get_by_text(re.compile("Rolled back in")).first.wait_for(timeout=180_000)
    page.goto(page.url)
    at.take(page, "rolled-back")


def _chromium(playwright: Any) -> AbstractContextManager[Browser]:
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    found: AbstractContextManager[Browser] = playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=options
    )
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
