"""Changes that are not made at once: they wait for a second person, for their time, or for both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from core import audit, clock, locks, notify
from core.access import require
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import Environment, User
from flags import definition, diff, versions
from flags.actions import common, growth, record, states
from flags.choices import ChangeState
from flags.models import Flag, FlagSet, FlagState, PlannedChange

ANSWER_FOR = (RoleKind.RELEASE_MANAGER, RoleKind.OWNER)


@transaction.atomic
def submit_change(
    *,
    flag: Flag,
    environment: Environment,
    changes: dict[str, Any],
    actor: User,
    action: str,
    reason: str = "",
    based_on: int | None = None,
    due_at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
) -> FlagState | PlannedChange:
    """Make the change now where that is allowed; plan it where it has a time, or needs a second person.

    Raises Refused (also for what not even a second person may give: growth of what a release claims), Conflict where
    `based_on` is not the last version, Forbidden. `data` goes into the record of what is made now.
    """
    common.may(actor, flag.product)
    growth.lock(flag, changes)
    state, flag_set = common.lock_state(flag, environment)
    common.based(state.version, based_on)
    changes, needs_second = _weighed(state, flag_set, changes)
    if due_at is None and not needs_second:
        return common.write(state, flag_set, actor, action, reason=reason, data=data, **changes)
    if all(definition.same(getattr(state, field), value) for field, value in changes.items()):
        raise Refused("It is that already.")
    return _plan(state, changes, actor, reason, due_at, needs_second)


@transaction.atomic
def foresee_change(
    *, flag: Flag, environment: Environment, changes: dict[str, Any], actor: User
) -> tuple[dict[str, Any], bool]:
    """What `submit_change` would make of it: the changes, complete, and whether a second person has to agree. Raises as
    that does.
    """
    common.may(actor, flag.product)
    return _weighed(*common.lock_state(flag, environment), changes)


def _weighed(state: FlagState, flag_set: FlagSet, changes: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    changes = states.complete(state, changes)
    grows = growth.require_allowed(state, changes, claim="", seconded=True)
    return changes, grows and flag_set.second_person


def _plan(
    state: FlagState, changes: dict[str, Any], actor: User, reason: str, due_at: datetime | None, needs_second: bool
) -> PlannedChange:
    flag = state.flag
    if due_at is not None and due_at <= clock.now():
        raise Refused("That time is over.", field="due_at")
    if due_at is not None and due_at - clock.now() > clock.FARTHEST:
        raise Refused("A change is planned within a hundred years of today.", field="due_at")
    data: dict[str, Any] = {"key": flag.key, "environment": state.environment.slug, "fields": sorted(changes)}
    data |= {"definition": _foreseen(state, changes)} | ({"due_at": due_at.isoformat()} if due_at else {})
    entry = record.entry(flag, actor, "flag_change_planned", data, reason)
    planned = PlannedChange.objects.create(
        flag=flag,
        environment=state.environment,
        changes=changes,
        based_on=state.version,
        asked_by=actor,
        entry=entry,
        needs_second=needs_second,
        due_at=due_at,
        state=ChangeState.WAITING if needs_second else ChangeState.APPROVED,
    )
    if needs_second:
        _tell(planned, state, reason)
    return planned


@transaction.atomic
def agree_to_change(*, change: PlannedChange, actor: User) -> PlannedChange:
    """The second person agrees: it is made now, or at its time. If the flag changed since, it is suspended instead.

    Raises Forbidden (also to who asked for it), Conflict.
    """
    require(actor, change.flag.product, *may_agree(change))
    change = _locked(change)
    if change.state != ChangeState.WAITING:
        raise Conflict(f"This change is {ChangeState(change.state).label.lower()} already.")
    if actor.pk == change.asked_by_id:
        raise Forbidden("Who asked for a change is not its second person.")
    change.decided_by, change.decided_at, change.state = actor, clock.now(), ChangeState.APPROVED
    change.save(update_fields=["decided_by", "decided_at", "state"])
    _record(change, actor, "flag_change_agreed")
    if change.due_at is None or change.due_at <= change.decided_at:
        _make(change)
    return change


def may_agree(change: PlannedChange) -> tuple[RoleKind, ...]:
    """Whose roles make them its second person. Who builds has a pipeline's token, too: what a pipeline asks for is for
    those who answer for the product.
    """
    return ANSWER_FOR if change.asked_by.is_service else common.MAY_CHANGE


@transaction.atomic
def end_change(*, change: PlannedChange, actor: User, reason: str = "") -> PlannedChange:
    """Who asked for it withdraws it; anybody else with the right refuses it. Raises Forbidden, Conflict."""
    common.may(actor, change.flag.product)
    change = _locked(change)
    if not ChangeState(change.state).is_open:
        raise Conflict(f"This change is {ChangeState(change.state).label.lower()} already.")
    own = actor.pk == change.asked_by_id
    change.state = ChangeState.WITHDRAWN if own else ChangeState.REFUSED
    change.decided_by, change.decided_at = actor, clock.now()
    change.save(update_fields=["state", "decided_by", "decided_at"])
    _record(change, actor, "flag_change_withdrawn" if own else "flag_change_refused", reason)
    return change


@transaction.atomic
def ask_again(*, change: PlannedChange, actor: User) -> FlagState | PlannedChange:
    """A change that was suspended, or would be, once more on what the flag is now: as `submit_change`, for `actor`.
    Raises as that does, and Conflict for a change that can be made as it was asked for, or is over.
    """
    common.may(actor, change.flag.product)
    change = _locked(change)
    if change.state != ChangeState.SUSPENDED and not (ChangeState(change.state).is_open and _outdated(change)):
        raise Conflict(f"This change is {ChangeState(change.state).label.lower()}.")
    change.state, change.decided_by, change.decided_at = ChangeState.WITHDRAWN, actor, clock.now()
    change.save(update_fields=["state", "decided_by", "decided_at"])
    _record(change, actor, "flag_change_withdrawn")
    return submit_change(
        flag=change.flag,
        environment=change.environment,
        changes=change.changes,
        actor=actor,
        action="flag_change_made",
        reason=_reason(change),
        due_at=change.due_at if change.due_at and change.due_at > change.decided_at else None,
    )


def due_changes(now: datetime) -> list[int]:
    """Whose time has come."""
    due = PlannedChange.objects.filter(state=ChangeState.APPROVED, due_at__lte=now).order_by("due_at", "pk")
    return list(due.values_list("pk", flat=True)[:200])


@transaction.atomic
def make_due(*, change_id: int) -> PlannedChange | None:
    """Make a change whose time has come, or suspend it. None if somebody was here first."""
    found = PlannedChange.objects.select_related("flag__product", "environment").filter(pk=change_id).first()
    if found is None:
        return None
    change = _locked(found)
    due = change.due_at is not None and change.due_at <= clock.now()
    if change.state != ChangeState.APPROVED or not due:
        return None
    _make(change)
    return change


@transaction.atomic
def want_second_person(*, environment: Environment, wanted: bool, actor: User) -> None:
    """Whether growth outside of a rollout needs a second person there. Only owners decide. Raises Forbidden."""
    require(actor, environment.product, RoleKind.OWNER)
    locks.product_exclusive(environment.product_id)
    flag_set = versions.lock([environment])[environment.pk]
    if flag_set.second_person == wanted:
        return
    flag_set.second_person = wanted
    flag_set.save(update_fields=["second_person"])
    audit.record(
        stream=f"product:{environment.product_id}",
        actor=actor,
        action="flag_second_person_wanted" if wanted else "flag_second_person_waived",
        subject=f"environment:{environment.pk}",
        data={"environment": environment.slug},
    )


def _make(change: PlannedChange) -> None:
    """Apply a locked, approved change, or say why not."""
    change.state = ChangeState.APPLIED
    try:
        with transaction.atomic():
            if why := _outdated(change):
                raise Conflict(why)
            states.change_state(
                flag=change.flag,
                environment=change.environment,
                changes=change.changes,
                actor=change.asked_by,
                action="flag_change_made",
                reason=_reason(change),
                seconded=change.decided_by_id is not None,
                data={"change": change.pk},
            )
    except Refused as refused:
        change.state, change.said = ChangeState.SUSPENDED, refused.sentence[:300]
    change.save(update_fields=["state", "said"])
    if change.state == ChangeState.SUSPENDED:
        _record(change, None, "flag_change_suspended")


def _reason(change: PlannedChange) -> str:
    """Why it was asked for; empty if nobody said, or whoever did was erased."""
    return next((text.text for text in change.entry.texts.filter(field="reason")), "")


def _outdated(change: PlannedChange) -> str:
    state = FlagState.objects.select_related("flag").get(flag=change.flag, environment=change.environment)
    return outdated(change, state, definition.segments_of(change.flag.product_id))


def outdated(change: PlannedChange, state: FlagState, segments: Mapping[str, Any]) -> str:
    """Why it is not made any more; empty while the flag is what it was when this was asked for. A segment that it did
    not use yet leaves its version alone, and yet is a part of what was asked for.
    """
    if state.version != change.based_on:
        return "The flag was changed since this was asked for."
    after = definition.complete(state.flag, state, **change.changes)
    if change.entry.data["definition"] != definition.whole_digest(after, segments):
        return "A segment that it uses was changed since this was asked for."
    return ""


def _foreseen(state: FlagState, changes: dict[str, Any]) -> str:
    """The digest of what the flag would be, with the segments it would use."""
    after = definition.complete(state.flag, state, **changes)
    return definition.whole_digest(after, definition.segments_of(state.flag.product_id))


def _locked(change: PlannedChange) -> PlannedChange:
    """The change as it is now, with all that making it needs held in order."""
    growth.lock(change.flag)
    versions.lock([change.environment])
    common.lock_flag(change.flag, archived=True)
    rows = PlannedChange.objects.select_for_update(of=("self",))
    return rows.select_related("flag__product", "environment", "asked_by").get(pk=change.pk)


def _record(change: PlannedChange, actor: User | None, action: str, reason: str = "") -> None:
    flag = change.flag
    data = {"key": flag.key, "environment": change.environment.slug, "change": change.pk}
    record.entry(flag, actor, action, data, reason)


def _tell(change: PlannedChange, state: FlagState, reason: str) -> None:
    """Ask those who may agree: release managers, and the flag's owner if they may; but not who asked."""
    flag, actor = change.flag, change.asked_by
    after = definition.complete(flag, state, **change.changes)
    notify.tell(
        recipients=common.concerned(flag, but=actor, kinds=may_agree(change)),
        kind="flag_change",
        subject_key=f"flag:{flag.pk}",
        dedupe=f"flag_change:{change.pk}",
        subject=f"A change of {flag.key} waits for a second person",
        context={
            "flag": flag,
            "environment": change.environment,
            "by": actor,
            "reason": reason,
            "due": change.due_at,
            "rows": diff.in_rows(diff.changes(definition.complete(flag, state), after)),
            "url": flag.get_absolute_url(),
        },
    )
