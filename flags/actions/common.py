"""What the actions of this room share. Locks: product → whoever claims the flag → flag set → flag → audit stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core import audit, clock, locks
from core.access import require
from core.choices import RoleKind
from core.errors import Conflict, Refused
from core.models import AuditEntry, Environment, Product, User
from core.weights import FULL, as_percent
from flags import definition, evaluation, rules, versions, words
from flags.choices import Carrier
from flags.models import Flag, FlagSet, FlagState, FlagVersion

MAY_CHANGE = (RoleKind.RELEASE_MANAGER, RoleKind.ENGINEER, RoleKind.OWNER)

EXPOSED = {"carrier", "weight", "build"}


def may(actor: User | None, product: Product) -> None:
    """Raises Forbidden. Nobody as actor is Slipway itself: an upper room that has already checked."""
    if actor is not None:
        require(actor, product, *MAY_CHANGE)


def hold_claims(claims: Iterable[str]) -> None:
    """Lock what claims flags, before any lock of this room: what is signed may change with them."""
    for holders, number in _holders(claims):
        holders.hold(number)


def _under_way(claim: str) -> bool:
    return any(holders.is_under_way(number) for holders, number in _holders([claim]))


def _holders(claims: Iterable[str]) -> Iterator[tuple[Any, int]]:
    """The module that answers for each claim, and its number there; of those that somebody answers for."""
    for claim in sorted(set(claims)):
        kind, _, number = claim.partition(":")
        if kind in settings.FLAG_CLAIMS and number.isdecimal():
            yield import_module(settings.FLAG_CLAIMS[kind]), int(number)


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


def require_allowed(state: FlagState, changes: dict[str, Any], *, claim: str, seconded: bool) -> bool:
    """Whether `changes` are growth. Raises Refused for growth that only a rollout (P1) or a second person may give."""
    segments = definition.segments_of(state.flag.product_id)
    before = definition.exposure(definition.complete(state.flag, state), segments)
    after = definition.exposure(definition.complete(state.flag, state, **changes), segments)
    growth = grows(state, before, after, claim=claim)
    if growth:
        refuse_foreign(state, claim)
        if not claim and not seconded and versions.wants_second(state.environment):
            raise Refused(f"{state.environment} wants a second person for this: propose it.", field="second")
    return growth


def grows(state: FlagState, before: rules.Exposure, after: rules.Exposure, *, claim: str = "") -> bool:
    """Whether that is growth. Of what another claims in production also what nobody would get before it is turned on
    again, or its rollout begins: what is signed is asked for then, and not who wrote what meanwhile.
    """
    if rules.grows(before, after):
        return True
    holder = state.flag.claim
    if holder in ("", claim) or not state.environment.is_production:
        return False
    begun = before.withheld and before.decides != after.decides and _under_way(holder)
    return rules.grows(rules.awake(before, begun=begun), rules.awake(after, begun=begun))


def refuse_foreign(state: FlagState, claim: str) -> None:
    """Growth in production belongs to the flag's claim, and to the claims of those flags that need this one (P1)."""
    if not state.environment.is_production:
        return
    flag = state.flag
    if flag.claim not in ("", claim):
        raise Refused(f"{flag.key} belongs to {flag.claim_label or flag.claim}: it grows only through its rollout.")
    if claim:
        return
    waiting = rules.dependents(flag.key, definition.needs_in(state.environment))
    for other in claimed_and_had(state.environment, waiting):
        said = f"{other.key} belongs to {other.claim_label or other.claim} and needs {flag.key}"
        raise Refused(f"{said}: it would grow with it, and it grows only through its rollout.")


def claimed_and_had(environment: Environment, keys: set[str]) -> list[Flag]:
    """Which of these flags a claim holds while somebody has them there."""
    if not keys:
        return []
    states = FlagState.objects.filter(environment=environment, flag__key__in=keys, flag__archived_at=None)
    segments = definition.segments_of(environment.product_id)
    found = states.exclude(flag__claim="").select_related("flag").order_by("flag__key")
    return [one.flag for one in found if not _exposure(one, segments).nobody]


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
    require_allowed(state, changes, claim=claim, seconded=seconded or actor is None)
    was = {field: getattr(state, field) for field in changes}
    if definition.same(was, changes):
        return state
    for field, value in changes.items():
        setattr(state, field, value)
    state.version, state.changed_at = versions.bump(flag_set), clock.now()
    state.save(update_fields=[*changes, "version", "changed_at"])
    plain = {field: value for field, value in changes.items() if field != "targeting"}
    changed = {"was": {field: was[field] for field in plain}, **plain, **(data or {})}
    remember(state, record(state.flag, actor, action, {**about(state), **changed}, reason))
    return state


def about(state: FlagState) -> dict[str, Any]:
    """What the record says of a changed state. Pins and rules stand in its version; here stands its digest."""
    return {
        "key": state.flag.key,
        "environment": state.environment.slug,
        "version": state.version,
        "percent": as_percent(state.weight),
        "to": words.reach(state.weight, state.build),
        "definition": _digest(state),
    }


def about_all(states: Iterable[FlagState]) -> dict[str, Any]:
    """The same of many states that one entry changes: flag and environment → digest."""
    return {"definitions": {f"{state.flag_id}:{state.environment_id}": _digest(state) for state in states}}


def _digest(state: FlagState) -> str:
    content = definition.complete(state.flag, state)
    return definition.whole_digest(content, definition.segments_of(state.flag.product_id))


def remember(state: FlagState, entry: AuditEntry) -> None:
    """What the flag is there from now on, and which entry of the record brought it."""
    FlagVersion.objects.create(
        flag=state.flag,
        environment=state.environment,
        version=state.version,
        entry=entry,
        definition=definition.complete(state.flag, state),
        segments=rules.used_segments(state.targeting, definition.segments_of(state.flag.product_id)),
    )


def record(
    flag: Flag, actor: User | None, action: str, data: dict[str, Any], reason: str = "", stream: str = ""
) -> AuditEntry:
    subject = f"flag:{flag.pk}"
    where = stream or flag.claim or subject
    return audit.record(stream=where, actor=actor, action=action, subject=subject, data=data, texts={"reason": reason})


def concerned(flag: Flag, *, but: User) -> list[User]:
    """Who hears of what happens to it: the product's release managers and its owner, except who did it."""
    managers = User.objects.filter(roles__product=flag.product_id, roles__kind=RoleKind.RELEASE_MANAGER)
    found = {person.pk: person for person in [*managers, flag.owner] if person is not None and person != but}
    return list(found.values())


def stamp(state: FlagState, version: int, **changes: Any) -> None:
    """Write fields of a locked state, from this version on."""
    state.version, state.changed_at = version, clock.now()
    for field, value in changes.items():
        setattr(state, field, value)
    state.save(update_fields=[*changes, "version", "changed_at"])


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


def locks_for_growth(flag: Flag, changes: Mapping[str, Any] | None = None) -> None:
    """Whatever may grow waits for product-wide facts, and for what claims the flag; back to 0 waits for nobody."""
    if changes and set(changes) <= EXPOSED and changes.get("weight") == 0:
        return
    locks.product_shared(flag.product_id)
    hold_claims(Flag.objects.filter(pk=flag.pk).values_list("claim", flat=True))


def _exposure(state: FlagState, segments: dict[str, Any]) -> rules.Exposure:
    return definition.exposure(definition.complete(state.flag, state), segments)
