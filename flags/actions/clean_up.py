"""Asking somebody to take a flag out of the code, and then out of here."""

from __future__ import annotations

from django.db import transaction

from core import clock, locks, notify
from core.errors import Conflict, Refused
from core.models import User
from flags import lives
from flags.actions import common, record
from flags.models import CleanUp, Flag


@transaction.atomic
def ask_clean_up(*, flag: Flag, actor: User, owner: User | None = None) -> CleanUp:
    """Ask `owner` (the flag's own, if nobody is named) to take it out; they are told once, and find it on Today.
    Asking again while it is open changes nothing.

    Raises Refused naming `owner` if nobody can be asked, for an archived flag and for one that a release holds;
    Conflict if somebody else is asked already; Forbidden.
    """
    common.may(actor, flag.product)
    locks.bounded()
    locked = common.lock_flag(flag)
    if locked.claim:
        raise Refused(f"{locked.key} belongs to {locked.claim_label or locked.claim}: its release is not over.")
    asked = owner or locked.owner
    if asked is None or not may_own(asked, locked):
        raise Refused("Choose somebody who has a role in the product: nobody owns this flag now.", field="owner")
    standing = CleanUp.objects.filter(flag=locked, done_at=None).select_related("owner").first()
    if standing and standing.owner != asked:
        raise Conflict(f"{standing.owner} is asked already.", field="owner")
    if standing:
        return standing
    made = CleanUp.objects.create(flag=locked, owner=asked, asked_by=actor)
    _tell(made)
    record.entry(locked, actor, "flag_clean_up_asked", {"key": locked.key, "person": asked.pk})
    return made


@transaction.atomic
def close_clean_up(*, flag: Flag, actor: User) -> Flag:
    """The flag stays, or somebody else cleans up: the request is over. Without an open one nothing changes.

    For whoever is asked and whoever may change flags. Raises Forbidden.
    """
    locks.bounded()
    locked = common.lock_flag(flag, archived=True)
    standing = CleanUp.objects.filter(flag=locked, done_at=None).first()
    if standing is None or standing.owner_id != actor.pk or not actor.has_role(locked.product):
        common.may(actor, locked.product)
    if standing:
        standing.done_at = clock.now()
        standing.save(update_fields=["done_at"])
        record.entry(locked, actor, "flag_clean_up_closed", {"key": locked.key, "person": standing.owner_id})
    return locked


def may_own(person: User, flag: Flag) -> bool:
    """Whether this person can take it out: a person, here, who still works on the product."""
    return not person.is_service and person.erased_at is None and person.has_role(flag.product)


def _tell(made: CleanUp) -> None:
    """Whoever asks themselves needs no mail."""
    if made.owner_id == made.asked_by_id:
        return
    reasons = lives.life_of(made.flag, clock.now()).reasons
    why = " ".join(reason.sentence for reason in reasons)
    notify.tell(
        recipients=[made.owner],
        kind="flag_clean_up",
        subject_key=f"flag:{made.flag_id}",
        dedupe=f"flag-clean-up:{made.pk}",
        subject=f"{made.flag.product}: clean up {made.flag.key}",
        context={"flag": made.flag, "asked_by": made.asked_by, "reasons": why, "url": made.flag.get_absolute_url()},
    )
