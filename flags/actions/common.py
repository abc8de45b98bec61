"""What the actions of this room share. Locks: product → whoever claims the flag → flag set → flag → audit stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core.access import require
from core.choices import RoleKind
from core.errors import Conflict, Refused
from core.models import Environment, Product, User
from core.weights import FULL
from flags import definition, evaluation, versions
from flags.actions import growth, record
from flags.choices import Carrier
from flags.models import Flag, FlagSet, FlagState

MAY_CHANGE = (RoleKind.RELEASE_MANAGER, RoleKind.ENGINEER, RoleKind.OWNER)


def may(actor: User | None, product: Product) -> None:
    """Raises Forbidden. Nobody as actor is Slipway itself: an upper room that has already checked."""
    if actor is not None:
        require(actor, product, *MAY_CHANGE)


def lock_state(flag: Flag, environment: Environment) -> tuple[FlagState, FlagSet]:
    """The flag's state there, its set and its row, held until the transaction ends. Raises Refused."""
    if environment.product_id != flag.product_id:
        raise Refused(f"{flag.key} is not a flag of {environment.product}.", field="environment")
    flag_set = versions.lock([environment])[environment.pk]
    locked = lock_flag(flag)
    state = state_in(locked, environment)
    return state, flag_set


def lock_flag(flag: Flag, *, archived: bool = False) -> Flag:
    """Raises Refused for an archived one, unless that is wanted."""
    rows = Flag.objects.select_for_update(of=("self",), no_key=True)  # who only refers to it, as usage, does not wait
    locked = rows.select_related("product").get(pk=flag.pk)
    if locked.archived_at and not archived:
        raise Refused(f"{flag.key} is archived.")
    return locked


def state_in(flag: Flag, environment: Environment) -> FlagState:
    """Of a locked flag; made if the environment is newer than the flag."""
    made = {"targeting": evaluation.default_targeting(flag.variant_names)}
    state, _ = FlagState.objects.get_or_create(flag=flag, environment=environment, defaults=made)
    state.flag, state.environment = flag, environment
    return state


def carried(weight: int, build: str) -> dict[str, Any]:
    """The fields that say who is exposed. Raises Refused for a weight out of range."""
    if isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= FULL:
        raise Refused(f"A weight is a whole number from 0 to {FULL}.", field="weight")
    carrier = Carrier.BUILD if build else Carrier.PERCENTAGE
    return {"carrier": carrier.value, "weight": weight, "build": build}


def write(
    state: FlagState,
    flag_set: FlagSet,
    actor: User | None,
    action: str,
    *,
    claim: str = "",
    seconded: bool = False,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    **changes: Any,
) -> FlagState:
    """Apply `changes` to a locked state, if they are allowed. No change: no version, no entry."""
    growth.require_allowed(state, changes, claim=claim, seconded=seconded or actor is None)
    was = {field: getattr(state, field) for field in changes}
    if definition.same(was, changes):
        return state
    record.stamp([state], {state.environment_id: flag_set}, **changes)
    plain = {field: value for field, value in changes.items() if field != "targeting"}
    changed = {"was": {field: was[field] for field in plain}, **plain, **(data or {})}
    record.keep([state], record.entry(state.flag, actor, action, {**record.about(state), **changed}, reason))
    return state


def concerned(flag: Flag, *, but: User, kinds: Iterable[RoleKind] = ()) -> list[User]:
    """Who hears of what happens to it: the product's release managers and, while they have a role there (of `kinds`, if
    any is named), its owner; except who did it.
    """
    managers = User.objects.filter(roles__product=flag.product_id, roles__kind=RoleKind.RELEASE_MANAGER)
    found = {person.pk: person for person in managers}
    if flag.owner and flag.owner.has_role(flag.product, *kinds):
        found[flag.owner.pk] = flag.owner
    found.pop(but.pk, None)
    return list(found.values())


def save_checked(flag: Flag) -> None:
    """Raises Refused naming the field."""
    try:
        flag.full_clean()
        with transaction.atomic():
            flag.save()
    except ValidationError as error:
        field, sentences = next(iter(error.message_dict.items()))
        taken = field == "__all__"
        said = f"{flag.product} already has a flag {flag.key}." if taken else " ".join(sentences)
        raise Refused(said, field="key" if taken else field) from error
    except IntegrityError as error:
        raise Refused(f"{flag.product} already has a flag {flag.key}.", field="key") from error


def based(found: int, expected: int | None) -> None:
    """Raises Conflict if somebody changed it since it was read."""
    if expected is not None and found != expected:
        raise Conflict("Somebody changed this meanwhile. What they changed stands below; nothing of yours is lost.")
