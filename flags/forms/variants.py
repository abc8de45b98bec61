"""A flag's values as people type them: a name and a text in each row. `flags/_variants.html` shows them as `editor`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from core.errors import Refused
from core.jsons import loads
from flags import evaluation
from flags.choices import ValueType
from flags.evaluation.parse import MAX_VARIANTS

MORE, TALLEST = 3, 16
"""How many rows are added at once, and how many lines of a value are in sight."""


@dataclass
class Row:
    """One value as it stands in the form."""

    name: str = ""
    value: str = ""
    error: str = ""

    @property
    def is_blank(self) -> bool:
        return not self.name.strip() and not self.value.strip()

    @property
    def lines(self) -> int:
        return min(self.value.count("\n") + 1, TALLEST)


@dataclass
class Variants:
    rows: list[Row] = field(default_factory=list)
    error: str = ""
    wants_more: bool = False

    @classmethod
    def of(cls, variants: Sequence[dict[str, Any]], type: str) -> Variants:
        """To change these."""
        return cls([Row(one["name"], write(one["value"], type)) for one in variants] + [Row()])

    @classmethod
    def sent(cls, data: QueryDict) -> Variants:
        """As somebody sent them; nothing of it is judged yet."""
        pairs = zip(data.getlist("variant-name"), data.getlist("variant-value"), strict=False)
        rows = [Row(name, value.replace("\r\n", "\n")) for name, value in pairs][:MAX_VARIANTS]
        filled = [row for row in rows if not row.is_blank]
        wants_more = "variant-more" in data
        blank = min(MORE if wants_more else 1, MAX_VARIANTS - len(filled))
        return cls(filled + [Row() for _ in range(blank)], wants_more=wants_more)

    def read(self, type: str) -> list[dict[str, Any]] | None:
        """The values; None where a boolean flag takes the usual ones. Raises Refused, and says at the row what is wrong
        with it.
        """
        filled = [row for row in self.rows if not row.is_blank]
        if not filled and type == ValueType.BOOLEAN:
            return None
        if not filled:
            self.error = "Give it one value at least."
            raise Refused(self.error, field="variants")
        found = [{"name": row.name.strip(), "value": read(row.value, type)} for row in filled]
        try:
            return evaluation.parse_variants(found, type=type)
        except evaluation.Invalid as invalid:
            place = invalid.path.partition(".")[0]
            at = filled[int(place)] if place.isdecimal() else self
            at.error = invalid.sentence
            raise Refused(invalid.sentence, field="variants") from invalid


def read(text: str, type: str) -> Any:
    """What the text says as a value of that type; what says none stays a text, and is refused for that."""
    if type == ValueType.STRING:
        return text
    try:
        return loads(text)
    except ValueError:
        return text


def write(value: Any, type: str) -> str:
    """So that `read` understands it again."""
    if type == ValueType.STRING:
        return str(value)
    return json.dumps(value, ensure_ascii=False, indent=2 if type == ValueType.JSON else None)
