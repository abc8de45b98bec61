"""Every answer that one flag can give, numbered, and written out once."""

from __future__ import annotations

from typing import Any

import orjson

from flags.evaluation.definition import Definition
from flags.evaluation.words import ErrorCode, Problem, Reason, Result


class Outcomes:
    """Gives each answer its number as a flag is built."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.values = dict(definition.variants)
        self.found: dict[tuple[str, str], int] = {}
        self.all: list[Result | Problem] = []

    def result(self, variant: str, reason: Reason) -> int:
        """KeyError if there is no such variant."""
        key = (variant, reason)
        if key not in self.found:
            self.found[key] = len(self.all)
            self.all.append(Result(self.values[variant], variant, reason))
        return self.found[key]

    def off(self, reason: Reason) -> int:
        return self.result(self.definition.targeting["off"], reason)

    def user_missing(self) -> int:
        said = f"{self.definition.key} is split by user: the context needs a targetingKey."
        return self.problem(ErrorCode.TARGETING_KEY_MISSING, said)

    def problem(self, code: ErrorCode, details: str) -> int:
        key = ("", code)
        if key not in self.found:
            self.found[key] = len(self.all)
            self.all.append(Problem(code, details))
        return self.found[key]


def fragment(definition: Definition, outcome: Result | Problem) -> bytes:
    """The flag's entry in an answer (OFREP), as it goes over the wire. A copy: orjson's own holds a page of memory."""
    return bytes(memoryview(orjson.dumps(entry(definition.key, outcome, definition.metadata))))


def entry(key: str, outcome: Result | Problem, metadata: Any) -> dict[str, Any]:
    if isinstance(outcome, Problem):
        return {"key": key, "errorCode": outcome.code.value, "errorDetails": outcome.details}
    said = {"value": outcome.value, "variant": outcome.variant, "reason": outcome.reason.value}
    return {"key": key, **said, "metadata": dict(metadata)}
