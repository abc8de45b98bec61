"""All flags, segments and keys of one environment at one version, immutable: what serving processes evaluate from."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, get_origin, get_type_hints

import orjson
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from core.models import Environment
from flags.choices import Carrier, KeyKind, ValueType
from flags.evaluation import Definition, default_targeting
from flags.models import Flag, FlagKey, FlagState, Segment

FORMAT = 2
"""Of the copy on disk. One of another format is left alone: an older Slipway cannot know what a newer one means."""

OF_THE_FLAG = ("key", "type", "seed", "salt", "for_clients")
OF_THE_STATE = ("enabled", "withheld", "carrier", "weight", "build", "targeting", "version")


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key beside its digest. `rate`: requests a second, None: the setting's; `expires_at`: Unix
    seconds.
    """

    id: int
    kind: str
    origins: tuple[str, ...] = ()
    rate: int | None = None
    expires_at: float | None = None


@dataclass(frozen=True)
class Snapshot:
    """`ids` are the flags' primary keys, `keys` the valid keys by their SHA-256; `taken_at` is in Unix seconds."""

    environment_id: int
    environment: str
    product: str
    version: int
    taken_at: float
    flags: Mapping[str, Definition]
    ids: Mapping[str, int]
    segments: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, Key]


def load(environment_ids: Collection[int] | None = None) -> dict[int, Snapshot]:
    """The snapshots of these environments (None: of all) in five queries, however many flags there are.

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
        segments = _segments({row[2] for row in rows})
    now = time.time()
    return {
        pk: Snapshot(
            environment_id=pk,
            environment=f"{product} {slug}",
            product=product,
            version=version or 0,
            taken_at=now,
            flags={flag["key"]: _definition(flag, states.get((flag["id"], pk))) for flag in flags.get(product_id, [])},
            ids={flag["key"]: flag["id"] for flag in flags.get(product_id, [])},
            segments=segments.get(product_id, {}),
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
    rows = FlagState.objects.filter(environment__in=environment_ids, flag__archived_at=None)
    return {
        (row.pop("flag_id"), row.pop("environment_id")): row
        for row in rows.values("flag_id", "environment_id", *OF_THE_STATE)
    }


def _keys(environment_ids: list[int]) -> dict[int, dict[str, Key]]:
    keys: dict[int, dict[str, Key]] = {}
    valid = FlagKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None)
    for row in valid.filter(environment__in=environment_ids):
        expires = row.expires_at.timestamp() if row.expires_at else None
        key = Key(row.pk, str(row.kind), tuple(row.origins), row.rate, expires)
        keys.setdefault(row.environment_id, {})[row.digest] = key
    return keys


def _flags(product_ids: set[int]) -> dict[int, list[dict[str, Any]]]:
    by_product: dict[int, list[dict[str, Any]]] = {}
    flags = Flag.objects.filter(product__in=product_ids, archived_at=None).order_by("key")
    for row in flags.values("id", "product_id", "variants", "claim_label", *OF_THE_FLAG):
        by_product.setdefault(row["product_id"], []).append(dict(row))
    return by_product


def _segments(product_ids: set[int]) -> dict[int, dict[str, Any]]:
    by_product: dict[int, dict[str, Any]] = {}
    rows = Segment.objects.filter(product__in=product_ids).order_by("key")
    for product_id, key, condition in rows.values_list("product_id", "key", "condition"):
        by_product.setdefault(product_id, {})[key] = condition
    return by_product


def _definition(flag: dict[str, Any], state: dict[str, Any] | None) -> Definition:
    """A flag without a state in an environment is one that nobody has there."""
    variants = tuple((variant["name"], variant["value"]) for variant in flag["variants"])
    if state is None:
        names = [name for name, _ in variants]
        state = {"targeting": default_targeting(names)}
    metadata = {"release": flag["claim_label"]} if flag["claim_label"] else {}
    return Definition(**{field: flag[field] for field in OF_THE_FLAG}, variants=variants, metadata=metadata, **state)


def as_json(snapshot: Snapshot) -> bytes:
    """For the copy on disk."""
    fields = {field.name: getattr(snapshot, field.name) for field in dataclasses.fields(snapshot)}
    return orjson.dumps({"format": FORMAT, **fields, "flags": list(snapshot.flags.values())})


def from_json(data: bytes) -> Snapshot:
    """Raises KeyError, TypeError or ValueError if `data` is not what `as_json` made: what is damaged must not be held,
    for whoever is served from it would be let down later. What a flag's targeting says, its evaluation judges.
    """
    fields = _are(dict, orjson.loads(data))
    if fields.pop("format", 1) != FORMAT:
        raise ValueError("it is of another format")
    flags = [_flag(_are(dict, flag)) for flag in _are(list, fields["flags"])]
    keys = {digest: _key(_are(dict, key)) for digest, key in _are(dict, fields["keys"]).items()}
    _are(dict, fields["ids"], of=int)
    _are(dict, fields["segments"], of=dict)
    made = Snapshot(**{**fields, "flags": {flag.key: flag for flag in flags}, "keys": keys})
    _check(made)
    return made


def _flag(fields: dict[str, Any]) -> Definition:
    pairs = [_are(list, pair) for pair in _are(list, fields["variants"])]
    flag = Definition(**{**fields, "variants": tuple((_are(str, name), value) for name, value in pairs)})
    _check(flag)
    Carrier(flag.carrier)
    ValueType(flag.type)
    return flag


def _key(fields: dict[str, Any]) -> Key:
    key = Key(**{**fields, "origins": tuple(_are(list, fields["origins"], of=str))})
    _check(key)
    KeyKind(key.kind)
    return key


def _check(made: Snapshot | Definition | Key) -> None:
    """Raises ValueError where a field holds something else than its type says."""
    of: type = type(made)
    for name, kind in _kinds(of).items():
        _are(kind, getattr(made, name))


@cache
def _kinds(made: type) -> dict[str, Any]:
    """What `isinstance` is asked about each field."""
    hints = get_type_hints(made).items()
    return {name: hint if isinstance(hint, UnionType) else get_origin(hint) or hint for name, hint in hints}


def _are(kind: Any, found: Any, *, of: Any = object) -> Any:
    """`found`, if it is of that kind, and all that stands in it `of` that other. Raises ValueError."""
    if not isinstance(found, kind):
        raise ValueError(f"{type(found).__name__} stands where {getattr(kind, '__name__', kind)} belongs")
    if of is not object:
        for one in found.values() if isinstance(found, dict) else found:
            _are(of, one)
    return found
