"""Issuing and revoking the keys with which applications read flags. They travel to serving processes as changes do."""

from django.db import transaction

from core import audit, clock
from core.access import require
from core.errors import Conflict, Refused
from core.models import Environment, User
from flags import versions
from flags.actions import MAY_CHANGE
from flags.choices import KeyKind
from flags.models import FlagKey


@transaction.atomic
def issue_key(*, environment: Environment, kind: KeyKind, name: str, actor: User | None) -> tuple[FlagKey, str]:
    """A new key and its text, which nobody can read again. Raises Forbidden, Refused (a name is missing), and Conflict
    where a living key has this name (so that a form sent twice is one key).
    """
    if actor is not None:
        require(actor, environment.product, *MAY_CHANGE)
    if not 0 < len(name.strip()) <= 80:
        raise Refused("A key needs a name of at most 80 characters: who will use it?", field="name")
    flag_set = versions.lock([environment])[environment.pk]
    if environment.flag_keys.filter(name=name.strip(), revoked_at=None).exists():
        raise Conflict("A key of this name is in use there; revoke it first, or say another.", field="name")
    row, text = FlagKey.issue(environment=environment, kind=kind, name=name.strip())
    _record(row, actor, "flag_key_issued", versions.bump(flag_set))
    return row, text


@transaction.atomic
def revoke_key(*, key: FlagKey, actor: User | None) -> FlagKey:
    """It opens nothing from now on. Revoking twice is harmless. Raises Forbidden."""
    if actor is not None:
        require(actor, key.environment.product, *MAY_CHANGE)
    flag_set = versions.lock([key.environment])[key.environment_id]
    row = FlagKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        row.save(update_fields=["revoked_at"])
        _record(row, actor, "flag_key_revoked", versions.bump(flag_set))
    return row


def _record(key: FlagKey, actor: User | None, action: str, version: int) -> None:
    data = {"environment": key.environment.slug, "prefix": key.prefix, "kind": str(key.kind), "version": version}
    stream = f"product:{key.environment.product_id}"
    audit.record(
        stream=stream, actor=actor, action=action, subject=f"flagkey:{key.pk}", data=data, texts={"name": key.name}
    )
