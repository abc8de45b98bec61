"""The end of a flag, and its undoing."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from core import clock
from core.errors import Conflict
from core.models import User
from flags import definition, versions
from flags.actions import common
from flags.choices import ChangeState
from flags.models import CleanUp, Flag, PlannedChange

UNDO = timedelta(days=30)
"""For how long an archived flag can come back."""


@transaction.atomic
def archive_flag(*, flag: Flag, actor: User | None, reason: str = "") -> Flag:
    """Nobody is answered about it any more: whoever still asks gets what the code says. Undoable for `UNDO`.

    Raises Conflict while something depends on it (a release, another flag, a change that waits), Forbidden.
    """
    common.may(actor, flag.product)
    common.locks_for_growth(flag)
    sets = versions.lock(flag.product.environments.all())
    locked = common.lock_flag(flag, archived=True)
    if locked.archived_at:
        return locked
    for said in depending(locked):
        raise Conflict(said)
    locked.archived_at = clock.now()
    locked.save(update_fields=["archived_at"])
    for flag_set in sets.values():
        versions.bump(flag_set)
    CleanUp.objects.filter(flag=locked, done_at=None).update(done_at=locked.archived_at)
    common.record(locked, actor, "flag_archived", {"key": locked.key}, reason)
    return locked


@transaction.atomic
def unarchive_flag(*, flag: Flag, actor: User | None) -> Flag:
    """It answers again as before; where growth wants a second person it comes back turned off.

    Raises Conflict once `UNDO` is over, Refused where what a release claims would grow with it, Forbidden.
    """
    common.may(actor, flag.product)
    common.locks_for_growth(flag)
    sets = versions.lock(flag.product.environments.all())
    locked = common.lock_flag(flag, archived=True)
    if locked.archived_at is None:
        return locked
    if clock.now() - locked.archived_at > UNDO:
        raise Conflict(f"{locked.key} was archived more than {UNDO.days} days ago; make a new flag.")
    locked.archived_at = None
    locked.save(update_fields=["archived_at"])
    segments = definition.segments_of(locked.product_id)
    states = []
    for flag_set in sets.values():
        state = common.state_in(locked, flag_set.environment)
        had = not definition.exposure(definition.complete(locked, state), segments).nobody
        off = {"enabled": False} if had and flag_set.second_person else {}
        if had and not off:
            common.refuse_foreign(state, "")
        common.stamp(state, versions.bump(flag_set), **off)
        states.append(state)
    entry = common.record(locked, actor, "flag_unarchived", {"key": locked.key, **common.about_all(states)})
    for state in states:
        common.remember(state, entry)
    return locked


def depending(flag: Flag) -> list[str]:
    """Why it cannot be archived yet, in sentences."""
    found = [f"It belongs to {flag.claim_label or flag.claim}."] if flag.claim else []
    for environment in flag.product.environments.all():
        needs = definition.needs_in(environment)
        found += [f"{key} needs it in {environment}." for key, wanted in sorted(needs.items()) if flag.key in wanted]
    waiting = PlannedChange.objects.open().filter(flag=flag).exclude(state=ChangeState.SUSPENDED)
    if waiting.exists():
        found.append("A change of it is planned.")
    return found
