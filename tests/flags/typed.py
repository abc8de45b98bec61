"""A form as a browser without scripts sends it back: what stands in the page, and what somebody changed in it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class _Form(HTMLParser):
    """The fields of the forms that are sent to `action`."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action
        self.inside = False
        self.fields: list[tuple[str, str]] = []
        self.select: dict[str, str] | None = None
        self.text: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        had: dict[str, Any] = dict(attrs)
        name, value = had.get("name") or "", had.get("value") or ""
        if tag == "form":
            self.inside = had.get("action", "") == self.action
        if not self.inside:
            return
        if tag == "input" and name:
            ticks = had.get("type") in ("checkbox", "radio")
            if not ticks or "checked" in had:
                self.fields.append((name, value or ("on" if ticks else "")))
        elif tag == "textarea":
            self.text = {"name": name, "value": ""}
        elif tag == "select":
            self.select = {"name": name}
        elif tag == "option" and self.select is not None and ("value" not in self.select or "selected" in had):
            self.select["value"] = value

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text["value"] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.text is not None:
            self.fields.append((self.text["name"], _sent(self.text["value"])))
            self.text = None
        elif tag == "select" and self.select is not None:
            self.fields.append((self.select["name"], self.select.get("value", "")))
            self.select = None
        elif tag == "form":
            self.inside = False


def _sent(text: str) -> str:
    """A text area's text, as a browser sends it."""
    return text.replace("\r\n", "\n").removeprefix("\n").replace("\n", "\r\n")


def typed(page: str, action: str, **changed: str) -> dict[str, list[str]]:
    """What is sent to `action`. In `changed` a double underscore stands for a dash (``rule__0__name``)."""
    form = _Form(action)
    form.feed(page)
    assert form.fields, f"no form is sent to {action}"
    found: dict[str, list[str]] = {}
    for name, value in form.fields:
        if name == "csrfmiddlewaretoken":
            continue
        found.setdefault(name, []).append(value)
    return found | {name.replace("__", "-"): [value] for name, value in changed.items()}
