"""Rows as plain values: what a flag is in an environment, complete, for growth, versions, the seal and evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from core.chain import canonical
from core.models import Environment, Product
from flags import rules
from flags.choices import ValueType
from flags.models import Flag, FlagState, Segment
from flags.models.flag import boolean_targeting, boolean_variants

STATE = ("enabled", "withheld", "carrier", "weight", "build", "targeting")
"""What a change of a flag in one environment may change."""

RESTORED = ("carrier", "weight", "build", "targeting")
"""What of it comes back with an old version. The kill switch stays as it is, and so does what waits for its rollout."""


def segments_of(product: Product | int) -> dict[str, Any]:
    """Key → condition."""
    return dict(Segment.objects.filter(product=product).values_list("key", "condition"))


def complete(flag: Flag, state: FlagState, **changes: Any) -> dict[str, Any]:
    """The flag as it is there, or would be with `changes` of its state."""
    about = {"type": str(flag.type), "variants": flag.variants, "seed": flag.seed, "salt": flag.salt}
    return {**about, **{field: changes.get(field, getattr(state, field)) for field in STATE}}


def restored(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The changes that make a flag again what this version of it was."""
    return {field: kept[field] for field in RESTORED}


def exposure(definition: Mapping[str, Any], segments: Mapping[str, Any]) -> rules.Exposure:
    """Who has it by that definition."""
    targeting = definition["targeting"]
    used = rules.used_variants(targeting)
    values = {one["name"]: one["value"] for one in definition["variants"] if one["name"] in used}
    decides = {
        "values": values,
        "type": definition["type"],
        "salt": definition["salt"],
        "targeting": nameless(targeting),
        "segments": rules.used_segments(targeting, segments),
    }
    return rules.Exposure(
        **{field: definition[field] for field in ("enabled", "withheld", "carrier", "weight", "build", "seed")},
        targets=rules.targets(targeting),
        decides=digest(decides),
        off=digest(values.get(targeting["off"])),
    )


def nameless(targeting: Mapping[str, Any]) -> dict[str, Any]:
    """Who gets what, whatever people call its rules."""
    unnamed = [{part: rule[part] for part in ("when", "serve")} for rule in targeting["rules"]]
    return {**targeting, "rules": unnamed}


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def whole_digest(definition: Mapping[str, Any], segments: Mapping[str, Any]) -> str:
    """Of a definition with the segments it uses: all that a version keeps, and that the record answers for."""
    return digest({**definition, "segments": rules.used_segments(definition["targeting"], segments)})


def same(one: Any, other: Any) -> bool:
    """Whether both are the same JSON. Python takes 1 for true."""
    return canonical(one) == canonical(other)


def needs_in(environment: Environment) -> dict[str, set[str]]:
    """Which flags each flag of the environment needs; those that need none are left out."""
    rows = needing(environment=environment).values_list("flag__key", "targeting")
    return {key: rules.needed(targeting) for key, targeting in rows}


def needing(**where: Any) -> QuerySet[FlagState]:
    """The states there, of flags in use, that need other flags."""
    return FlagState.objects.filter(flag__archived_at=None, **where).exclude(targeting__needs=[])


def targeting_in_production(flags: Iterable[Flag]) -> list[dict[str, Any]]:
    """What is special about who gets what from these flags in production, with the segments that this uses, as plain
    values. A boolean flag that is on for whoever has it, and needs nothing, is nothing special, unless client keys may
    read it, or somebody had it before it was claimed.
    """
    wanted = {flag.pk: flag for flag in flags}
    states = FlagState.objects.filter(flag__in=wanted, environment__is_production=True)
    known = {product: segments_of(product) for product in {flag.product_id for flag in wanted.values()}}
    found = []
    for state in states.order_by("flag__key", "flag_id"):
        flag = wanted[state.flag_id]
        plain = state.targeting == boolean_targeting() and flag.type == ValueType.BOOLEAN
        facts = {"for clients": flag.for_clients, "already given": state.already_given}
        told = {name: True for name, holds in facts.items() if holds}
        if told or not (plain and flag.variants == boolean_variants()):
            segments = rules.used_segments(state.targeting, known[flag.product_id])
            found.append({"flag": flag.key, "values": flag.variants, **state.targeting, "segments": segments, **told})
    return found
