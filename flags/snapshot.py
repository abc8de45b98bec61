"""All flags and keys of one environment at one version, immutable: what serving processes evaluate from."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from core.models import Environment
from flags.choices import Carrier
from flags.evaluation import FlagRule
from flags.models import Flag, FlagKey, FlagState


@dataclass(frozen=True)
class Snapshot:
    """`keys` maps the SHA-256 of each valid key to its kind; `taken_at` is in Unix seconds."""

    environment_id: int
    environment: str
    product: str
    version: int
    taken_at: float
    flags: Mapping[str, FlagRule]
    keys: Mapping[str, str]


def load(environment_ids: Collection[int] | None = None) -> dict[int, Snapshot]:
    """The snapshots of these environments (None: of all) in four queries, however many flags there are.

    The version is read first: also where all cannot be read as of one moment, the content is no older than it says.
    """
    with transaction.atomic():
        _as_of_one_moment()
        environments = Environment.objects.order_by("pk")
        if environment_ids is not None:
            environments = environments.filter(pk__in=environment_ids)
        rows = list(environments.values_list("pk", "slug", "product_id", "product__slug", "flag_set__version"))
        states = _states([row[0] for row in rows])
        keys = _keys([row[0] for row in rows])
        flags = _flags({row[2] for row in rows})
    now = time.time()
    return {
        pk: Snapshot(
            environment_id=pk,
            environment=f"{product} {slug}",
            product=product,
            version=version or 0,
            taken_at=now,
            flags={flag["key"]: _rule(flag, states.get((flag["id"], pk), {})) for flag in flags.get(product_id, [])},
            keys=keys.get(pk, {}),
        )
        for pk, slug, product_id, product, version in rows
    }


def _as_of_one_moment() -> None:
    """Only possible as the first statement of a transaction, so not inside a test's or an action's."""
    if len(connection.savepoint_ids) == 0 and connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _states(environment_ids: list[int]) -> dict[tuple[int, int], dict[str, Any]]:
    fields = ("enabled", "carrier", "weight", "build", "version")
    rows = FlagState.objects.filter(environment__in=environment_ids).values("flag_id", "environment_id", *fields)
    return {(row.pop("flag_id"), row.pop("environment_id")): row for row in rows}


def _keys(environment_ids: list[int]) -> dict[int, dict[str, str]]:
    keys: dict[int, dict[str, str]] = {}
    valid = FlagKey.objects.filter(environment__in=environment_ids, revoked_at=None)
    for environment_id, digest, kind in valid.values_list("environment_id", "digest", "kind"):
        keys.setdefault(environment_id, {})[digest] = kind
    return keys


def _flags(product_ids: set[int]) -> dict[int, list[dict[str, Any]]]:
    by_product: dict[int, list[dict[str, Any]]] = {}
    flags = Flag.objects.filter(product__in=product_ids, archived_at=None).order_by("key")
    for row in flags.values("id", "product_id", "key", "seed", "for_clients", "claim_label"):
        by_product.setdefault(row["product_id"], []).append(dict(row))
    return by_product


def _rule(flag: dict[str, Any], state: dict[str, Any]) -> FlagRule:
    """A flag without a state in an environment is one that nobody has there."""
    metadata = {"release": flag["claim_label"]} if flag["claim_label"] else {}
    return FlagRule(key=flag["key"], seed=flag["seed"], for_clients=flag["for_clients"], metadata=metadata, **state)


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """Plain values only, for the copy on disk."""
    rules = [
        {
            "key": rule.key,
            "seed": rule.seed,
            "enabled": rule.enabled,
            "carrier": str(rule.carrier),
            "weight": rule.weight,
            "build": rule.build,
            "version": rule.version,
            "for_clients": rule.for_clients,
            "metadata": dict(rule.metadata),
        }
        for rule in snapshot.flags.values()
    ]
    head = {field: getattr(snapshot, field) for field in ("environment_id", "environment", "product", "version")}
    return {**head, "taken_at": snapshot.taken_at, "keys": dict(snapshot.keys), "flags": rules}


def from_json(data: Mapping[str, Any]) -> Snapshot:
    """Raises KeyError, TypeError or ValueError if `data` is not what `as_json` made."""
    rules = [FlagRule(**rule) for rule in data["flags"]]
    for rule in rules:
        Carrier(rule.carrier)
    return Snapshot(**{**data, "flags": {rule.key: rule for rule in rules}})
