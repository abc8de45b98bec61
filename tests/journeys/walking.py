"""One person at a browser. Whatever the console complains of, content security included, fails the journey."""

import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page


class Place(Protocol):
    """Where a Slipway runs, and who can sign in there: the `email` and `password` of a person."""

    @property
    def base(self) -> str: ...

    def person(self, key: str) -> dict[str, str]: ...


REFUSED = re.compile(r"status of 4(03|09|22)")
"""Chromium logs every refusal as an error of the console; journeys that provoke one say so."""


PRESSED = """for (const kind of ["pointerdown", "keydown"])
    addEventListener(kind, (event) => event.isTrusted && window.pressed(kind), true);"""


class Walker:
    """A person, signed in and on Today, unless they begin at another `address`: then they are where that leads."""

    def __init__(self, page: Page, stack: Place, key: str, address: str = "") -> None:
        self.page, self.stack, self.complaints = page, stack, list[str]()
        self.taps, self.felt = 0, list[str]()
        page.expose_function("pressed", self._feel)
        page.add_init_script(PRESSED)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(address or f"{stack.base}/login/")
        person = stack.person(key)
        page.fill("[name=username]", person["email"])
        page.fill("[name=password]", person["password"])
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(address or f"{stack.base}/")

    def _feel(self, kind: str) -> None:
        self.felt.append(kind)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not REFUSED.search(message.text):
            self.complaints.append(f"{message.type}: {message.text} at {self.page.url}")

    def go(self, path: str) -> None:
        answer = self.page.goto(self.stack.base + path if path.startswith("/") else path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    def press(self, name: str | re.Pattern[str]) -> None:
        self.tap(self.page.get_by_role("button", name=name).first)

    def tap(self, place: Locator) -> None:
        """Counted in `taps`; where scripts run, `felt` is what the browser felt of fingers and keys."""
        self.taps += 1
        place.click()

    def sentence(self) -> str:
        """The first line of the page, with plain spaces."""
        return (self.page.locator(".sentence__text").first.text_content() or "").replace("\u00a0", " ").strip()

    def wait_for(self, reached: Callable[[str], Any], *, within: float) -> str:
        """Watch the page change by itself until its sentence says so; what it said on the way is kept for a failure."""
        began, said = time.monotonic(), ""
        while time.monotonic() - began < within:
            now = self.sentence()
            if now != said:
                sys.stdout.write(f"  {time.monotonic() - began:6.1f} s  {now}\n")
                said = now
            if reached(said):
                return said
            self.page.wait_for_timeout(150)
        raise AssertionError(f"after {within:.0f} s the page still says: {said}")


DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
PICTURES = Path(tempfile.gettempdir()) / "slipway-journeys"
"""Where the last thing seen is kept, when a journey fails."""


@contextmanager
def walking(browser: Browser, stack: Place, key: str, *, address: str = "", **options: Any) -> Iterator[Walker]:
    """A fresh browser context, closed afterwards; nothing may have been complained of."""
    context = browser.new_context(**{**DESKTOP, **options})
    page = context.new_page()
    try:
        walker = Walker(page, stack, key, address)
        yield walker
        assert walker.complaints == []
    except BaseException:
        PICTURES.mkdir(exist_ok=True)
        picture = PICTURES / f"{key}-{time.time_ns() // 1_000_000}.png"
        page.screenshot(path=picture, full_page=True)
        sys.stdout.write(f"  the last thing that {key} saw, at {page.url}: {picture}\n")
        raise
    finally:
        context.close()
