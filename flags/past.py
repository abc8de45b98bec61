"""All flags of an environment as of a version: of each, the newest row of its history that is no newer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.models import AuditEntry, Environment
from flags.evaluation import Definition
from flags.models import Flag, FlagSet, FlagVersion

OF_THE_FLAG = ("type", "seed", "salt", "enabled", "withheld", "carrier", "weight", "build", "targeting")


@dataclass(frozen=True)
class Past:
    """`version` is the environment's; `entry` is what made the flag that was asked for what it was then, None where it
    was not there: not yet, or archived.
    """

    version: int
    definitions: Mapping[str, Definition]
    segments: Mapping[str, Any]
    entry: AuditEntry | None = None


def as_of(environment: Environment, version: int, flag: Flag) -> Past:
    """In one query, whatever `version` is."""
    rows = FlagVersion.objects.filter(environment=environment, flag__product=flag.product_id, version__lte=version)
    newest = rows.order_by("flag_id", "-version").distinct("flag_id").select_related("flag", "entry__actor")
    found = sorted((row for row in newest if not row.definition.get("archived")), key=lambda row: row.version)
    segments: dict[str, Any] = {}
    for row in found:  # each row has the segments it used; a newer one knows better
        segments |= row.segments
    entry = next((row.entry for row in found if row.flag_id == flag.pk), None)
    definitions = {row.flag.key: definition_of(row) for row in found}
    return Past(version, definitions, segments, entry)


def definition_of(row: FlagVersion) -> Definition:
    """The row as it is evaluated."""
    kept = {field: row.definition[field] for field in OF_THE_FLAG}
    variants = tuple((one["name"], one["value"]) for one in row.definition["variants"])
    return Definition(key=row.flag.key, variants=variants, version=row.version, **kept)


def last_version(environment: Environment) -> int:
    return FlagSet.objects.filter(environment=environment).values_list("version", flat=True).first() or 0
