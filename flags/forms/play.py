"""What the playground is asked: who, where, in which version, and what is known of them. A GET form, so that it can be
sent to somebody as an address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.http import QueryDict

from core.jsons import deeper
from flags.evaluation import invalid
from flags.forms import values

MOST_TEXT, MOST_ROWS, DEEPEST = 20_000, 40, 32
MOST_PATH = 8
BLANK = 2
VERSION = re.compile(r"\d{1,18}")


class CannotAsk(ValueError):
    """What was typed is no context, environment or version; says why."""


@dataclass
class Question:
    """As it was typed. `rows` are attributes with their values; the `text` is a JSON object, which they add to."""

    user: str = ""
    environment: str = ""
    version: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""
    asked: bool = False

    @classmethod
    def sent(cls, data: QueryDict) -> Question:
        pairs = zip(data.getlist("a"), data.getlist("v"), strict=False)
        rows = [(attribute, value) for attribute, value in pairs if attribute.strip() or value.strip()]
        return cls(
            user=data.get("user", ""),
            environment=data.get("environment", ""),
            version=data.get("version", "").strip(),
            rows=rows[:MOST_ROWS],
            text=data.get("context", ""),
            asked="environment" in data,
        )

    def shown(self, offered: Sequence[str]) -> list[tuple[str, str]]:
        """The rows of the form: what the flag asks for, then what else was typed, then empty ones."""
        typed = dict(self.rows)
        more = [row for row in self.rows if row[0] not in offered]
        return [*((name, typed.get(name, "")) for name in offered), *more, *[("", "")] * BLANK][:MOST_ROWS]

    def number(self) -> int | None:
        """The version; None: now. Raises CannotAsk."""
        if self.version in ("", "now"):
            return None
        if not VERSION.fullmatch(self.version):
            raise CannotAsk("A version is a whole number, as the history shows it; leave it empty for now.")
        return int(self.version)

    def context(self) -> dict[str, Any]:
        """Raises CannotAsk."""
        found = self._object()
        for attribute, value in self.rows:
            if value.strip():
                _put(found, attribute.strip(), values.read(value))
        if self.user:
            found["targetingKey"] = self.user
        problem = invalid(found)
        if problem:
            raise CannotAsk(problem.details)
        return found

    def _object(self) -> dict[str, Any]:
        if not self.text.strip():
            return {}
        if len(self.text) > MOST_TEXT:
            raise CannotAsk(f"A context may have {MOST_TEXT} characters here.")
        try:
            found = orjson.loads(self.text)
        except orjson.JSONDecodeError as error:
            raise CannotAsk(f"The context is no JSON: {error}.") from error
        if not isinstance(found, dict) or deeper(found, DEEPEST):
            raise CannotAsk(f'The context is a JSON object such as {{"country": "JP"}}, at most {DEEPEST} deep.')
        return found


def _put(context: dict[str, Any], path: str, value: object) -> None:
    """Into objects within objects: ``user.country``."""
    *outer, name = path.split(".")
    if not name or "" in outer or len(outer) >= MOST_PATH:
        raise CannotAsk(f"“{path[:80]}” is no attribute: it is a name, or names joined by dots.")
    here = context
    for part in outer:
        here = here.setdefault(part, {})
        if not isinstance(here, dict):
            raise CannotAsk(f"“{path[:80]}” cannot be: {part} is no object in this context.")
    here[name] = value
