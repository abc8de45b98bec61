"""Keys with which applications read flags: issued, replaced with an overlap, revoked at once. What changes travels to
serving processes as every change of flags does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from core import audit, clock
from core.access import require
from core.errors import Conflict, Refused
from core.models import Environment, User
from flags import versions
from flags.actions import MAY_CHANGE
from flags.choices import KeyKind
from flags.models import FlagKey
from flags.origins import parse_origins

MOST_RATE = 1_000_000
LONGEST_OVERLAP = timedelta(days=30)


def in_use(keys: QuerySet[FlagKey]) -> QuerySet[FlagKey]:
    """Those that still open something."""
    return keys.filter(Q(expires_at=None) | Q(expires_at__gt=clock.now()), revoked_at=None)


@transaction.atomic
def issue_key(
    *,
    environment: Environment,
    kind: KeyKind,
    name: str,
    actor: User | None,
    origins: Iterable[str] = (),
    rate: int | None = None,
) -> tuple[FlagKey, str]:
    """A new key and its text, which nobody can read again. Raises Forbidden, Refused naming the field, and Conflict
    where a living key has this name (so that a form sent twice is one key).
    """
    _may(environment, actor)
    if not 0 < len(name.strip()) <= 80:
        raise Refused("A key needs a name of at most 80 characters: who will use it?", field="name")
    allowed = _origins(kind, origins)
    if rate is not None and not 1 <= rate <= MOST_RATE:
        raise Refused(f"Say 1 to {MOST_RATE} requests a second, or nothing.", field="rate")
    flag_set = versions.lock([environment])[environment.pk]
    if in_use(environment.flag_keys.filter(name=name.strip())).exists():
        raise Conflict("A key of this name is in use there; revoke it first, or say another.", field="name")
    row, text = FlagKey.issue(environment=environment, kind=kind, name=name.strip(), origins=allowed, rate=rate)
    _record(row, actor, "flag_key_issued", versions.bump(flag_set))
    return row, text


@transaction.atomic
def replace_key(*, key: FlagKey, overlap: timedelta, actor: User | None) -> tuple[FlagKey, str]:
    """A new key for the same user, and its text. The old one goes on opening until `overlap` has passed or it is
    revoked: a page says when it was last used. Raises Forbidden, Refused, and Conflict if it is being replaced already.
    """
    _may(key.environment, actor)
    if not timedelta() < overlap <= LONGEST_OVERLAP:
        raise Refused(f"The old key may go on for up to {LONGEST_OVERLAP.days} days.", field="overlap")
    flag_set = versions.lock([key.environment])[key.environment_id]
    old = FlagKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    if not old.opens_at(clock.now()):
        raise Refused(f"{old.name} opens nothing any more; issue a new key.")
    if old.successors.exists():
        raise Conflict(f"{old.name} is being replaced already.")
    row, text = FlagKey.issue(
        environment=key.environment,
        kind=KeyKind(old.kind),
        name=old.name,
        origins=old.origins,
        rate=old.rate,
        replaces=old,
    )
    old.expires_at = clock.now() + overlap
    old.save(update_fields=["expires_at"])
    _record(row, actor, "flag_key_replaced", versions.bump(flag_set), old=old.prefix)
    return row, text


@transaction.atomic
def revoke_key(*, key: FlagKey, actor: User | None) -> FlagKey:
    """It opens nothing from now on. Revoking twice is harmless. Raises Forbidden."""
    _may(key.environment, actor)
    flag_set = versions.lock([key.environment])[key.environment_id]
    row = FlagKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        row.save(update_fields=["revoked_at"])
        _record(row, actor, "flag_key_revoked", versions.bump(flag_set))
    return row


def _may(environment: Environment, actor: User | None) -> None:
    if actor is not None:
        require(actor, environment.product, *MAY_CHANGE)


def _origins(kind: KeyKind, origins: Iterable[str]) -> list[str]:
    try:
        allowed = parse_origins(origins)
    except ValueError as wrong:
        raise Refused(str(wrong), field="origins") from None
    if allowed and kind != KeyKind.CLIENT:
        raise Refused("A server key reads everything, so it must not be in a browser: no origins.", field="origins")
    return allowed


def _record(key: FlagKey, actor: User | None, action: str, version: int, **more: str) -> None:
    data = {"environment": key.environment.slug, "prefix": key.prefix, "kind": str(key.kind), "version": version}
    audit.record(
        stream=f"product:{key.environment.product_id}",
        actor=actor,
        action=action,
        subject=f"flagkey:{key.pk}",
        data={**data, **more},
        texts={"name": key.name},
    )
