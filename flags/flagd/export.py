"""A product's flags in one environment as a flagd definition that `read` brings back unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.weights import FULL
from flags.choices import Carrier
from flags.evaluation import Definition
from flags.evaluation.definition import Condition
from flags.flagd.logic import (
    Inexpressible,
    Logic,
    condition_logic,
    fractional,
    serve_logic,
    var,
    whoever,
)
from flags.flagd.write import SCHEMA, check_values, pinned


@dataclass(frozen=True, slots=True)
class Portable:
    """A flag in one environment with what is said about it. `expected_removal` is an ISO date or empty. The version and
    metadata of the definition stay behind.
    """

    definition: Definition
    name: str = ""
    description: str = ""
    kind: str = ""
    tags: tuple[str, ...] = ()
    expected_removal: str = ""


def export(flags: Iterable[Portable], segments: Mapping[str, Condition]) -> tuple[dict[str, Any], dict[str, str]]:
    """flagd's document, and which flags (or ``segment beta``) are not in it and why."""
    written: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    evaluators = _evaluators(segments, left_out)

    def reference(key: str) -> Logic:
        if key not in evaluators:
            raise Inexpressible(f"it uses segment {key}, which is left out")
        return {"$ref": key}

    for flag in flags:
        try:
            written[flag.definition.key] = {
                "state": "ENABLED" if flag.definition.enabled else "DISABLED",
                "variants": dict(flag.definition.variants),
                "defaultVariant": flag.definition.targeting["off"],
                "targeting": _targeting(flag.definition, reference),
                "metadata": _metadata(flag),
            }
        except Inexpressible as why:
            left_out[flag.definition.key] = f"{why}."
    return {"$schema": SCHEMA, "flags": written, "$evaluators": evaluators}, left_out


def _evaluators(segments: Mapping[str, Condition], left_out: dict[str, str]) -> dict[str, Logic]:
    def no_other(key: str) -> Logic:
        raise Inexpressible(f"it uses segment {key}: flagd's evaluators may not use one another")

    found: dict[str, Logic] = {}
    for key, condition in segments.items():
        try:
            found[key] = condition_logic(condition, no_other)
        except Inexpressible as why:
            left_out[f"segment {key}"] = f"{why}."
    return found


def _targeting(definition: Definition, reference: Any) -> Logic:
    targeting = definition.targeting
    if targeting["needs"]:
        raise Inexpressible(f"it needs {targeting['needs'][0]['flag']}: flagd knows no needs")
    if definition.withheld:
        raise Inexpressible("it waits for the rollout of its release: flagd knows no waiting")
    check_values(definition)
    steps: list[Logic] = []
    for variant, users in pinned(targeting["pins"]).items():
        steps += [{"in": [whoever(), users]}, variant]
    for rule in targeting["rules"]:
        steps += [condition_logic(rule["when"], reference), serve_logic(rule["serve"], definition.salt)]
    rest = _exposure(definition)
    return {"if": [*steps, rest]} if steps else rest


def _exposure(definition: Definition) -> Logic:
    """In full also where it gives everybody the same: so the on-variant comes back."""
    off, weight = definition.targeting["off"], definition.weight
    on = serve_logic(definition.targeting["on"], definition.salt)
    if definition.carrier != Carrier.BUILD:
        return fractional(definition.seed, [[on, weight], [off, FULL - weight]])
    if weight <= 0 or not definition.build:
        raise Inexpressible("it follows a route that gives it to nobody")
    return {"if": [{"===": [var("build"), definition.build]}, on, off]}


def _metadata(flag: Portable) -> dict[str, Any]:
    """What flagd has no place for, as the plain values that it takes."""
    definition = flag.definition
    if any("," in tag for tag in flag.tags):
        raise Inexpressible("a tag of it has a comma")
    names = [rule["name"] for rule in definition.targeting["rules"]]
    route = {"carrier": definition.carrier, "weight": definition.weight}
    return {
        "type": definition.type,
        "name": flag.name,
        "description": flag.description,
        "kind": flag.kind,
        "tags": ",".join(flag.tags),
        "expected_removal": flag.expected_removal,
        "for_clients": definition.for_clients,
        "seed": definition.seed,
        "salt": definition.salt,
        "pins": len(pinned(definition.targeting["pins"])),
        "rules": json.dumps(names, ensure_ascii=False) if any(names) else "",
        **(route if definition.carrier == Carrier.BUILD else {}),
    }
