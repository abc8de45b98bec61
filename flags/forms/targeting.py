"""Who gets what in one environment, while somebody writes it: shown, changed row by row, sent back, read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from django.http import QueryDict

from core.errors import Refused
from flags.evaluation.parse import MAX_RULES
from flags.forms import lines
from flags.forms.conditions import Conditions
from flags.forms.serve import Serve

WRONG = "Nothing is saved: look at what is marked below."


@dataclass
class Rule:
    """One rule as it stands in the form."""

    when: Conditions
    serve: Serve
    name: str = ""
    error: str = ""
    number: int = 0

    @property
    def anchor(self) -> str:
        """Where it stands on the page: who presses something in it comes back there."""
        return f"rule-{self.number}"

    @property
    def above(self) -> str:
        return f"rule-{max(self.number - 1, 0)}"

    @property
    def below(self) -> str:
        return f"rule-{self.number + 1}"

    @classmethod
    def fresh(cls, variants: Sequence[str]) -> Rule:
        return cls(Conditions.of(None), Serve.of({"variant": variants[0]}, variants, ""))

    def stand(self, number: int) -> None:
        """Its fields carry its place."""
        self.number = number
        self.when.prefix, self.serve.prefix, self.when.anchor = f"rule-{number}-when", f"rule-{number}", self.anchor


@dataclass
class Draft:
    """`errors`: what is wrong with pins, needs and the off-variant; the rest says it itself."""

    variants: Sequence[str]
    on: Serve
    off: str
    pins: str = ""
    needs: str = ""
    rules: list[Rule] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    shaped: bool = False

    @classmethod
    def of(cls, targeting: Mapping[str, Any], variants: Sequence[str]) -> Self:
        """To change this."""
        rules = [
            Rule(Conditions.of(rule["when"]), Serve.of(rule["serve"], variants, ""), rule["name"])
            for rule in targeting["rules"]
        ]
        draft = cls(variants, Serve.of(targeting["on"], variants, "on"), targeting["off"], rules=rules)
        draft.pins, draft.needs = lines.write_pins(targeting["pins"]), lines.write_needs(targeting["needs"])
        return draft._numbered()

    @classmethod
    def sent(cls, data: QueryDict, variants: Sequence[str]) -> Self:
        """As somebody sent it, with what they pressed done to its rules: `shaped` if that was all they wanted."""
        draft = cls(variants, Serve.sent(data, variants, "on"), data.get("off", ""))
        draft.pins, draft.needs = data.get("pins", ""), data.get("needs", "")
        count = data.get("rules", "")
        for number in range(min(int(count), MAX_RULES) if re.fullmatch(r"[0-9]{1,4}", count) else 0):
            when = Conditions.sent(data, prefix=f"rule-{number}-when")
            serve = Serve.sent(data, variants, f"rule-{number}")
            draft.rules.append(Rule(when, serve, data.get(f"rule-{number}-name", "")))
        draft._shape(data.get("act", ""))
        return draft._numbered()

    def read(self, *, segments: Collection[str]) -> dict[str, Any]:
        """As JSON, all of it: whatever is wrong is said at once. Raises Refused."""
        wrong: list[str] = []

        def tried(reading: Callable[[], Any], part: str = "") -> Any:
            try:
                return reading()
            except Refused as refused:
                wrong.append(refused.sentence)
                if part:
                    self.errors[part] = refused.sentence
            return None

        found = {
            "needs": tried(lambda: lines.read_needs(self.needs), "needs"),
            "pins": tried(lambda: lines.read_pins(self.pins), "pins"),
            "rules": [
                {
                    "name": rule.name.strip(),
                    "when": tried(lambda rule=rule: rule.when.read(segments=segments)),  # type: ignore[misc]
                    "serve": tried(rule.serve.read),
                }
                for rule in self.rules
            ],
            "on": tried(self.on.read),
            "off": self.off,
        }
        if wrong:
            raise Refused(WRONG)
        return found

    def refuse(self, refused: Refused) -> None:
        """What an action refused stands at the part it is about (``targeting.rules.0.serve.split``)."""
        part, _, rest = refused.field.removeprefix("targeting.").partition(".")
        number, _, inside = rest.partition(".")
        if part == "rules" and number.isdecimal() and int(number) < len(self.rules):
            rule = self.rules[int(number)]
            at: Any = {"when": rule.when, "serve": rule.serve}.get(inside.partition(".")[0], rule)
            at.error = refused.sentence
        elif part == "on":
            self.on.error = refused.sentence
        elif part in ("pins", "needs", "off"):
            self.errors[part] = refused.sentence

    def _shape(self, act: str) -> None:
        """``add``, or ``up:2``, ``down:2`` and ``remove:2``."""
        self.shaped = any(rule.when.wants_more for rule in self.rules)
        kind, _, number = act.partition(":")
        if kind == "add":
            self.shaped = True
            if len(self.rules) < MAX_RULES:
                self.rules.append(Rule.fresh(self.variants))
        if kind not in ("up", "down", "remove") or not re.fullmatch(r"[0-9]{1,4}", number):
            return
        self.shaped = True
        if int(number) < len(self.rules):
            rule = self.rules.pop(int(number))
            if kind != "remove":
                self.rules.insert(max(int(number) + (1 if kind == "down" else -1), 0), rule)

    def _numbered(self) -> Self:
        for number, rule in enumerate(self.rules):
            rule.stand(number)
        return self
