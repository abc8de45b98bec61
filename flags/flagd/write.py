"""The whole rule set of an environment for evaluators in other processes: what flagd's JSON can say of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from core.weights import FULL
from flags.choices import Carrier
from flags.evaluation import Definition, compile_all
from flags.evaluation.definition import Condition
from flags.evaluation.words import ErrorCode, Problem
from flags.flagd.logic import (
    Inexpressible,
    Logic,
    condition_logic,
    fractional,
    serve_logic,
    var,
    whoever,
)

SCHEMA = "https://flagd.dev/schema/v0/flags.json"
MAX_LOGIC = 100_000
"""Bytes of one flag's logic: what it needs is written into it, and what that needs into that."""


def write(
    definitions: Mapping[str, Definition],
    segments: Mapping[str, Condition],
    *,
    metadata: Mapping[str, str | int | float | bool] | None = None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """flagd's document, and which flags are not in it and why. `metadata` is about the whole set.

    A flag that is killed or withheld is its off-variant and nothing else: a disabled flag of flagd's would give each
    caller's own default.
    """
    writer = _Writer(definitions, segments)
    flags: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for key, definition in definitions.items():
        try:
            flags[key] = _flag(definition, writer.logic(key))
        except Inexpressible as why:
            left_out[key] = f"{why}."
    document = {"$schema": SCHEMA, "flags": flags, "$evaluators": writer.evaluators}
    return {**document, "metadata": dict(metadata or {})}, left_out


def scalars(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """flagd's metadata has no lists and no objects."""
    return {key: value for key, value in metadata.items() if isinstance(value, str | int | float | bool)}


def check_values(definition: Definition) -> None:
    """Raises Inexpressible."""
    if any(isinstance(value, list) for _, value in definition.variants):
        raise Inexpressible("flagd has no lists as values")


def _flag(definition: Definition, logic: Logic) -> dict[str, Any]:
    check_values(definition)
    constant = isinstance(logic, str)
    return {
        "state": "ENABLED",
        "variants": dict(definition.variants),
        "defaultVariant": logic if constant else definition.targeting["off"],
        **({} if constant else {"targeting": logic}),
        "metadata": {**scalars(definition.metadata), "version": definition.version},
    }


@dataclass
class _Writer:
    """Remembers what it has written of each flag and segment, for others to use."""

    definitions: Mapping[str, Definition]
    segments: Mapping[str, Condition]
    evaluators: dict[str, Logic] = field(default_factory=dict)
    known: dict[str, Logic | Inexpressible] = field(default_factory=dict)
    inlined: dict[str, Logic | Inexpressible] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.compiled = compile_all(self.definitions, self.segments)

    def logic(self, key: str) -> Logic:
        """What gives the flag's variant: a plain name where it is the same for everybody. Raises Inexpressible."""
        if key not in self.known:
            self.known[key] = self._written(key)
        return _raised(self.known[key])

    def segment(self, key: str) -> Logic:
        """A reference to the segment, or its logic where a reference cannot be put right: flagd's evaluators replace
        it in the text of the document, and the replacement of some of them must hold neither backslash nor dollar.
        """
        logic = self.inline(key)
        text = json.dumps(logic)
        if "\\" in text or "$" in text:
            return logic
        self.evaluators[key] = logic
        return {"$ref": key}

    def inline(self, key: str) -> Logic:
        """The segment's logic, with that of the segments it uses in place. Raises Inexpressible."""
        if key not in self.inlined:
            try:
                self.inlined[key] = condition_logic(self.segments[key], self.inline)
            except Inexpressible as why:
                self.inlined[key] = Inexpressible(f"segment {key}: {why}")
        return _raised(self.inlined[key])

    def _written(self, key: str) -> Logic | Inexpressible:
        definition, compiled = self.definitions[key], self.compiled[key]
        first = compiled.outcomes[0]
        if isinstance(first, Problem) and first.code == ErrorCode.GENERAL:
            return Inexpressible("it cannot be evaluated")
        off = str(definition.targeting["off"])
        if not definition.enabled or definition.withheld or compiled.gate.missing:
            return off
        try:
            met = self._needs(definition)
            logic = off if met is None else self._chain(definition)
        except Inexpressible as why:
            return why
        if met:
            logic = {"if": [{"and": met}, logic, off]}
        if not isinstance(logic, str) and len(orjson.dumps(logic)) > MAX_LOGIC:
            return Inexpressible("its rules, with those of the flags it needs, are too long")
        return logic

    def _needs(self, definition: Definition) -> list[Logic] | None:
        """What must hold, or None where it never does."""
        met = []
        for need in definition.targeting["needs"]:
            other = self.compiled[need["flag"]]
            if not other.giving(frozenset(need["variants"])):
                return None
            wanted = [name for name in need["variants"] if name != other.definition.targeting["off"]]
            try:
                logic = self.logic(need["flag"])
            except Inexpressible as why:
                raise Inexpressible(f"it needs {need['flag']}: {why}") from why
            if not isinstance(logic, str):
                met.append({"in": [logic, wanted]})
            elif logic not in wanted:
                return None
        return met

    def _chain(self, definition: Definition) -> Logic:
        """Pins and rules in their order, then everybody else."""
        steps: list[Logic] = []
        for variant, users in pinned(definition.targeting["pins"]).items():
            steps += [{"in": [whoever(), users]}, variant]
        for rule in definition.targeting["rules"]:
            steps += [condition_logic(rule["when"], self.segment), serve_logic(rule["serve"], definition.salt)]
        rest = _exposure(definition)
        return {"if": [*steps, rest]} if steps else rest


def pinned(pins: Mapping[str, str]) -> dict[str, list[str]]:
    """Variant → its users."""
    found: dict[str, list[str]] = {}
    for user, variant in pins.items():
        found.setdefault(variant, []).append(user)
    return found


def _exposure(definition: Definition) -> Logic:
    off, weight = definition.targeting["off"], definition.weight
    on = serve_logic(definition.targeting["on"], definition.salt)
    if definition.carrier == Carrier.BUILD:
        if weight <= 0 or not definition.build:
            return off
        return {"if": [{"===": [var("build"), definition.build]}, on, off]}
    if weight <= 0:
        return off
    return on if weight >= FULL else fractional(definition.seed, [[on, weight], [off, FULL - weight]])


def _raised(found: Logic | Inexpressible) -> Logic:
    if isinstance(found, Inexpressible):
        raise Inexpressible(*found.args)
    return found
