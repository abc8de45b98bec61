"""What a rule gives, as people fill it in: one variant, or a share for each. `flags/_serve.html` draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from core.errors import Refused
from core.weights import FULL, as_percent, typed_percent

SPLIT = "%"
"""Stands for a split among the variants; no variant can have this name."""
FEW = 6
"""Of no more variants the shares can be filled in at once; of more, when a split was chosen."""


@dataclass
class Part:
    """One variant's share, as it was typed; empty: it has none."""

    variant: str
    percent: str = ""


@dataclass
class Serve:
    """`parts` stand in the order of the split, which decides who gets what; then those that are not in it."""

    prefix: str
    gives: str
    parts: list[Part] = field(default_factory=list)
    error: str = ""

    @classmethod
    def of(cls, serve: Mapping[str, Any], variants: Sequence[str], prefix: str) -> Serve:
        """To change this one."""
        split = dict(serve.get("split", []))
        names = [*split, *(name for name in variants if name not in split)]
        parts = [Part(name, _typed(split[name]) if name in split else "") for name in names]
        return cls(prefix, serve.get("variant", SPLIT), parts)

    @classmethod
    def sent(cls, data: QueryDict, variants: Sequence[str], prefix: str) -> Serve:
        """As somebody sent it; nothing of it is judged yet."""
        pairs = dict(zip(data.getlist(f"{prefix}-of"), data.getlist(f"{prefix}-percent"), strict=False))
        names = [name for name in pairs if name in variants]
        parts = [Part(name, pairs.get(name, "")) for name in dict.fromkeys([*names, *variants])]
        return cls(prefix, data.get(f"{prefix}-gives", ""), parts)

    @property
    def is_split(self) -> bool:
        return self.gives == SPLIT

    @property
    def shows_parts(self) -> bool:
        return self.is_split or len(self.parts) <= FEW

    def read(self) -> dict[str, Any]:
        """As JSON; its variants are judged elsewhere. Raises Refused, and says here what is wrong."""
        if not self.is_split:
            return {"variant": self.gives}
        try:
            split: list[tuple[str, int]] = [
                (part.variant, _weight(part.percent)) for part in self.parts if part.percent.strip()
            ]
        except ValueError as error:
            self.error = "A share is a percentage from 0 to 100, with at most three decimals."
            raise Refused(self.error, field=self.prefix) from error
        total = sum(weight for _, weight in split)
        if total != FULL:
            self.error = f"The shares must add up to 100\u00a0%; these are {as_percent(total)}."
            raise Refused(self.error, field=self.prefix)
        return {"split": [list(part) for part in split]}


def _typed(weight: int) -> str:
    return as_percent(weight).removesuffix("\u00a0%")


def _weight(percent: str) -> int:
    """Parts per 100 000. Raises ValueError."""
    given = typed_percent(percent)
    if not 0 <= given <= 100 or given * FULL / 100 % 1:
        raise ValueError(percent)
    return int(given * FULL / 100)
