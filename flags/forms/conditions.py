"""A condition as rows that people fill in: attribute, operator, value, of which all or any must fit. What rows cannot
say (parts within parts) stands as JSON in the same form.

`Conditions.of` shows one, `Conditions.sent` is what came back; `read` makes it a condition again. The template is
`flags/_condition.html`, with the instance as `editor`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from django.http import QueryDict

from core.errors import Refused
from core.jsons import loads
from flags import evaluation
from flags.evaluation.phrases import OPERATOR_WORDS
from flags.forms import values

NEGATED = {"equals": "is not", "in": "is none of", "contains": "does not contain", "matches": "does not match"}
CHOICES: Mapping[str, str] = MappingProxyType(
    {
        **OPERATOR_WORDS,
        **{f"not {op}": word for op, word in NEGATED.items()},
        "segment": "is in the segment",
        "not segment": "is not in the segment",
    }
)
"""What a row offers: an operator, or its opposite."""
BLANK, MORE = 1, 3
"""Empty rows below those that are filled, and how many "More rows" adds."""
MOST_ROWS = 60
NUMBERS = {"less", "at_most", "more", "at_least"}
LISTS = {"in"}
SCALARS = {"equals"}


@dataclass
class Row:
    """One row as it stands in the form. `wrong`: which of its parts the error is about; empty: none of them alone."""

    attribute: str = ""
    op: str = "equals"
    value: str = ""
    error: str = ""
    wrong: str = ""

    @property
    def is_blank(self) -> bool:
        return not self.attribute.strip() and not self.value.strip()


@dataclass
class Conditions:
    """`prefix` tells several of them on one page apart, `anchor` is where this one stands on it. `as_json`: the text
    decides, else the rows do.
    """

    prefix: str
    match: str = "all"
    rows: list[Row] = field(default_factory=list)
    text: str = ""
    as_json: bool = False
    error: str = ""
    wants_more: bool = False
    anchor: str = "rows"

    choices = tuple(CHOICES.items())

    @classmethod
    def of(cls, condition: Mapping[str, Any] | None, *, prefix: str = "when") -> Conditions:
        """To change `condition`; None: a new one."""
        text = json.dumps(condition, ensure_ascii=False, indent=2) if condition else ""
        shown = cls(prefix, text=text)
        split = rows_of(condition) if condition else ("all", [])
        if split is None:
            shown.as_json = True
        else:
            shown.match, shown.rows = split
        shown._add(BLANK)
        return shown

    @classmethod
    def sent(cls, data: QueryDict, *, prefix: str = "when") -> Conditions:
        """As somebody sent it; nothing of it is judged yet."""
        columns = [data.getlist(f"{prefix}-{name}") for name in ("attribute", "op", "value")]
        rows = [Row(*row) for row in zip(*columns, strict=False)][:MOST_ROWS]
        shown = cls(
            prefix,
            match="any" if data.get(f"{prefix}-match") == "any" else "all",
            rows=[row for row in rows if not row.is_blank],
            text=data.get(f"{prefix}-json", ""),
            as_json=data.get(f"{prefix}-as") == "json",
            wants_more=f"{prefix}-more" in data,
        )
        shown._add(MORE if shown.wants_more else BLANK)
        return shown

    @property
    def is_blank(self) -> bool:
        return not self.text.strip() if self.as_json else all(row.is_blank for row in self.rows)

    def read(self, *, segments: Collection[str]) -> dict[str, Any]:
        """The condition. Raises Refused, and says at the row what is wrong with it."""
        try:
            return dict(evaluation.parse_condition(self._condition(), segments=segments))
        except evaluation.Invalid as invalid:
            self._mark(invalid)
            raise Refused(invalid.sentence, field=self.prefix) from invalid

    def refuse(self, refused: Refused) -> None:
        """What the action said of it stands where people look for it."""
        self.error = refused.sentence

    def _condition(self) -> Any:
        if self.as_json:
            try:
                return loads(self.text)
            except ValueError as error:
                raise evaluation.Invalid("", "This is no JSON: look at its quotes, commas and brackets.") from error
        filled = self._filled()
        if not filled:
            raise evaluation.Invalid("", "Say who it is about: fill in one row at least.")
        for at, row in enumerate(filled):
            if not row.value.strip():
                raise evaluation.Invalid(f"{self.match}.{at}.value", 'Say a value; an empty text is written "".')
        parts = [condition_of(row) for row in filled]
        return parts[0] if len(parts) == 1 else {self.match: parts}

    def _filled(self) -> list[Row]:
        return [row for row in self.rows if not row.is_blank]

    def _mark(self, invalid: evaluation.Invalid) -> None:
        place = re.match(r"(?:all|any)\.(\d+)", invalid.path)
        filled = self._filled()
        if self.as_json or not filled:
            self.error = f"{invalid.path}: {invalid.sentence}" if invalid.path else invalid.sentence
        else:
            row = filled[int(place[1]) if place and len(filled) > 1 else 0]
            row.error, row.wrong = invalid.sentence, invalid.path.rpartition(".")[2]

    def _add(self, count: int) -> None:
        self.rows += [Row() for _ in range(max(0, min(count, MOST_ROWS - len(self.rows))))]


def condition_of(row: Row) -> dict[str, Any]:
    """What a filled row says, not yet judged."""
    plain = row.op.removeprefix("not ")
    if plain == "segment":
        said: dict[str, Any] = {"segment": row.value.strip()}
    else:
        said = {"attribute": row.attribute.strip(), "op": plain, "value": _reader(plain)(row.value)}
    return {"not": said} if row.op != plain else said


def rows_of(condition: Mapping[str, Any]) -> tuple[str, list[Row]] | None:
    """Whether all or any must fit, and the rows; None where rows cannot say it."""
    match = next((kind for kind in ("all", "any") if kind in condition), "")
    parts: Sequence[Mapping[str, Any]] = condition[match] if match else [condition]
    rows = [_row(part) for part in parts]
    found = [row for row in rows if row is not None]
    if len(found) < len(rows) or len(rows) > MOST_ROWS - MORE or (match and len(rows) < 2):
        return None
    return match or "all", found


def _row(part: Mapping[str, Any]) -> Row | None:
    negated = "not" in part
    plain = part["not"] if negated else part
    before = "not " if negated else ""
    if "segment" in plain:
        return Row("", f"{before}segment", plain["segment"])
    op = f"{before}{plain.get('op', '')}"
    if op not in CHOICES:
        return None
    write = values.write if plain["op"] in NUMBERS | LISTS | SCALARS else values.write_text
    return Row(plain["attribute"], op, write(plain["value"]))


def _reader(op: str) -> Callable[[str], Any]:
    if op in LISTS:
        return values.read_list
    return values.read if op in NUMBERS | SCALARS else values.read_text
