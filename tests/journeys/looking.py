"""Looking at one screen, as people with sharp eyes, a keyboard, a small phone and a slow line do."""

from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.journeys.site import Site
from tests.screens import Screen

KILOBYTES = 100
DESKTOP, PHONE, NARROW = (1440, 900), (390, 844), (320, 640)
AXE = Axe().axe_script
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
TARGETS = {"type": "rule", "values": ["target-size"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}

RUN_AXE = """(only) => axe.run({runOnly: only, resultTypes: ["violations"]}).then((found) => found.violations.map(
    (one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 4).join(" | ")}`))"""
OUTLINE = """() => ({
    h1: document.querySelectorAll("h1").length,
    main: document.querySelectorAll("main").length,
    ids: [...document.querySelectorAll("[id]")].map((one) => one.id).filter((id, at, all) => all.indexOf(id) !== at),
})"""
WIDER = """() => {
    const root = document.documentElement, over = root.scrollWidth - root.clientWidth;
    const all = [...document.body.querySelectorAll("*")];
    const out = all.filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1);
    return over > 0 ? `${over} px: ${out.slice(-3).map((one) => one.outerHTML.slice(0, 90)).join(" | ")}` : "";
}"""
BLOCKING = """() => performance.getEntriesByType("resource").filter(
    (one) => one.renderBlockingStatus === "blocking").map((one) => one.name)"""
SKIPS = """() => { const one = document.activeElement, box = one.getBoundingClientRect();
    const shown = box.top >= 0 && box.left >= 0 && box.width > 20;
    const before = document.querySelectorAll("body :is(a[href], button, input):not(main *)").length;
    return shown && (before < 2 || one.getAttribute("href")?.startsWith("#") || one.closest("main")); }"""
INVISIBLE_FOCUS = """() => {
    const look = (one) => { const its = getComputedStyle(one);
        return [its.outlineStyle, its.outlineWidth, its.outlineColor, its.boxShadow, its.borderColor,
                its.backgroundColor].join(); };
    const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")];
    const seen = all.filter((one) => !one.disabled && one.checkVisibility({visibilityProperty: true}));
    return seen.filter((one) => { one.blur(); const before = [one, one.parentElement].map(look).join();
        one.focus(); return document.activeElement === one
            && before === [one, one.parentElement].map(look).join(); })
        .map((one) => one.outerHTML.slice(0, 120));
}"""
LISTEN = """document.addEventListener("securitypolicyviolation", (event) =>
    (window.__refused ??= []).push(`${event.violatedDirective}: ${event.blockedURI}`));"""


@dataclass
class Wire:
    """What came over the line for one page, and who had asked for it."""

    bytes: int = 0
    initiators: dict[str, tuple[str, str]] = field(default_factory=dict)

    def listen(self, page: Page) -> None:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.loadingFinished", self._finished)
        session.on("Network.requestWillBeSent", self._asked)

    def forget(self) -> None:
        """The next page is another one."""
        self.bytes = 0
        self.initiators.clear()

    def _finished(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])

    def _asked(self, event: dict[str, Any]) -> None:
        initiator = event["initiator"]
        self.initiators[event["request"]["url"]] = (initiator["type"], initiator.get("url", ""))


class Eyes:
    """One person's browser. `look` returns what is wrong with a screen, in words; nothing where all is well."""

    def __init__(self, browser: Browser, site: Site, who: str) -> None:
        self.site, self.wire, self.heard = site, Wire(), list[str]()
        context = browser.new_context(reduced_motion="reduce")
        context.add_init_script(LISTEN)
        if who:
            cookies = site.sessions[who].items()
            context.add_cookies([{"name": name, "value": value, "url": site.base} for name, value in cookies])
        self.page = context.new_page()
        self.page.on("console", lambda message: self.heard.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.heard.append(str(error)))
        self.wire.listen(self.page)

    def look(self, screen: Screen) -> list[str]:
        page = self.page
        page.goto("about:blank")
        self.wire.forget()
        self.heard.clear()
        _sized(page, DESKTOP)
        answer = page.goto(self.site.base + screen.path)
        assert answer is not None
        wrong = [] if answer.status == screen.status else [f"answers {answer.status}"]
        wrong += _weighs(page, self.wire)
        wrong += _is_in_order(page)
        wrong += _suits_everybody(page)
        wrong += page.evaluate("() => window.__refused ?? []")
        return wrong + [said for said in self.heard if not _expected(said, screen)]


def _sized(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


def _expected(said: str, screen: Screen) -> bool:
    """Chromium logs every 4xx as an error; and what is merely noted is no complaint."""
    if said.startswith(("log:", "info:", "debug:")):
        return True
    return screen.status >= 400 and f"status of {screen.status}" in said


def _weighs(page: Page, wire: Wire) -> list[str]:
    """At most 100 kB; and nothing that holds up the first paint is found later than the page itself."""
    wrong = [f"weighs {wire.bytes / 1000:.0f} kB"] if wire.bytes > KILOBYTES * 1000 else []
    if not wire.bytes:
        wrong.append("nothing was measured")
    for name in page.evaluate(BLOCKING):
        kind, by = wire.initiators.get(name, ("nobody", ""))
        if kind != "parser" or by != page.url:
            wrong.append(f"first paint waits for {name}, which {by or kind} asks for")
    return wrong


def _is_in_order(page: Page) -> list[str]:
    outline = page.evaluate(OUTLINE)
    wrong = [f"has {outline[name]} {name}" for name in ("h1", "main") if outline[name] != 1]
    wrong += [f"id {one} twice" for one in outline["ids"]]
    page.keyboard.press("Tab")
    if not page.evaluate(SKIPS):
        wrong.append("the first Tab leads neither into the content nor to a link to it")
    return wrong + [f"focus cannot be seen: {one}" for one in page.evaluate(INVISIBLE_FOCUS)]


def _suits_everybody(page: Page) -> list[str]:
    """All of axe once. Dark differs by colours only and a phone by places only, so only those are asked again."""
    wrong = []
    page.evaluate(AXE)
    for theme, rules in (("dark", COLOURS), ("light", RULES)):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        wrong += [f"{theme}: {one}" for one in page.evaluate(RUN_AXE, rules)]
    for size in (DESKTOP, PHONE, NARROW):
        _sized(page, size)
        if over := page.evaluate(WIDER):
            wrong.append(f"scrolls sideways at {size[0]} px by {over}")
    _sized(page, PHONE)
    return wrong + [f"by finger: {one}" for one in page.evaluate(RUN_AXE, TARGETS)]
