"""The end of a flag, and its undoing."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from core import clock
from core.errors import Conflict, Refused
from core.models import User
from flags import definition, versions
from flags.actions import common, growth, record, states
from flags.hindrances import hindrances
from flags.models import CleanUp, Flag, FlagState

UNDO = timedelta(days=30)
"""For how long an archived flag can come back."""


@transaction.atomic
def archive_flag(*, flag: Flag, actor: User | None, reason: str = "") -> Flag:
    """Nobody is answered about it any more: whoever still asks gets what the code says. Undoable for `UNDO`.

    Raises Conflict while something depends on it (a release, another flag, a change that waits), Forbidden.
    """
    common.may(actor, flag.product)
    growth.lock(flag)
    sets = versions.lock(flag.product.environments.all())
    locked = common.lock_flag(flag, archived=True)
    if locked.archived_at:
        return locked
    for said in depending(locked):
        raise Conflict(said)
    locked.archived_at = clock.now()
    locked.save(update_fields=["archived_at"])
    there = [common.state_in(locked, flag_set.environment) for flag_set in sets.values()]
    record.stamp(there, sets)
    CleanUp.objects.filter(flag=locked, done_at=None).update(done_at=locked.archived_at)
    data = {"key": locked.key, **record.about_all(there, archived=True)}
    record.keep(there, record.entry(locked, actor, "flag_archived", data, reason), archived=True)
    return locked


@transaction.atomic
def unarchive_flag(*, flag: Flag, actor: User | None) -> Flag:
    """It answers again as before; where growth wants a second person it comes back turned off.

    Raises Conflict once `UNDO` is over, Refused where what a release claims would grow with it or where what it needs
    is not there any more, or too many patterns would be asked, Forbidden.
    """
    common.may(actor, flag.product)
    growth.lock(flag)
    sets = versions.lock(flag.product.environments.all())
    locked = common.lock_flag(flag, archived=True)
    if locked.archived_at is None:
        return locked
    if clock.now() - locked.archived_at > UNDO:
        raise Conflict(f"{locked.key} was archived more than {UNDO.days} days ago; make a new flag.")
    there = [common.state_in(locked, flag_set.environment) for flag_set in sets.values()]
    for state in there:
        _require_whole(state)
    locked.archived_at = None
    locked.save(update_fields=["archived_at"])
    segments, had = definition.segments_of(locked.product_id), []
    for state in there:
        if growth.is_had(state, segments):
            had.append(state)
    for state in had:
        state.enabled = state.enabled and not sets[state.environment_id].second_person
    growth.refuse_foreign(state for state in had if state.enabled)
    record.stamp(there, sets, "enabled")
    data = {"key": locked.key, **record.about_all(there)}
    record.keep(there, record.entry(locked, actor, "flag_unarchived", data))
    return locked


def _require_whole(state: FlagState) -> None:
    """What it needs may have gone meanwhile, or need too much by now; and what it asks was not counted."""
    try:
        states.checked(state.flag, state.environment, state.targeting)
    except Refused as refused:
        said = f"{state.flag.key} cannot come back to {state.environment} as it was: {refused.sentence}"
        raise Refused(said) from refused


def depending(flag: Flag) -> list[str]:
    """Why it cannot be archived yet, in sentences."""
    return hindrances([flag])[flag.pk]
