"""Changing flags. Locks: flag set → flag → audit stream. A claimed flag grows only by its claim (P1)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core import audit, clock, locks
from core.access import require
from core.choices import RoleKind
from core.errors import Conflict, Refused
from core.models import Environment, Product, User
from core.weights import FULL, as_percent
from flags import rules, versions, words
from flags.choices import Carrier, FlagKind
from flags.models import Flag, FlagSet, FlagState

MAY_CHANGE = (RoleKind.RELEASE_MANAGER, RoleKind.ENGINEER, RoleKind.OWNER)


@transaction.atomic
def create_flag(
    *,
    product: Product,
    key: str,
    name: str,
    actor: User | None,
    description: str = "",
    kind: FlagKind = FlagKind.RELEASE,
    owner: User | None = None,
    seed: str = "",
    for_clients: bool = False,
    expected_removal: datetime.date | None = None,
) -> Flag:
    """A new flag that nobody has, in every environment of the product. Raises Refused naming the field, Forbidden."""
    _may(actor, product)
    flag = Flag(
        product=product,
        key=key,
        name=name,
        description=description,
        kind=kind,
        owner=owner or actor,
        for_clients=for_clients,
        expected_removal=expected_removal,
        **({"seed": seed} if seed else {}),
    )
    environments = list(product.environments.all())
    sets = versions.lock(environments)
    _save_checked(flag)
    for environment in environments:
        version = versions.bump(sets[environment.pk])
        FlagState.objects.create(flag=flag, environment=environment, version=version)
    _record(flag, actor, "flag_created", {"key": flag.key})
    return flag


@transaction.atomic
def describe_flag(*, flag: Flag, actor: User | None, **changes: Any) -> Flag:
    """Change what only people read: `name`, `description`, `owner`, `expected_removal`. Raises Refused, Forbidden."""
    unknown = set(changes) - {"name", "description", "owner", "expected_removal"}
    assert not unknown, f"describe_flag does not change {unknown}"
    _may(actor, flag.product)
    locks.bounded()
    locked = _locked(flag)
    for field, value in changes.items():
        setattr(locked, field, value)
    _save_checked(locked)
    _record(locked, actor, "flag_described", {"key": locked.key, "fields": sorted(changes)})
    return locked


@transaction.atomic
def claim(*, flags: Iterable[Flag], holder: str, label: str, seed: str, actor: User | None) -> list[Flag]:
    """From now on these flags grow in production only for `holder` (``release:7``), and share `seed`. Claiming again
    is harmless. Raises Conflict if another holds one; Refused if the new seed would give a split flag to other users
    (P10); Forbidden.
    """
    wanted = list(flags)
    sets = versions.lock(Environment.objects.filter(product__flags__in=wanted))
    locked = list(Flag.objects.select_for_update(of=("self",)).filter(pk__in=[f.pk for f in wanted]).order_by("pk"))
    for flag in locked:
        _may(actor, flag.product)
        if flag.archived_at:
            raise Refused(f"{flag.key} is archived.", field="flags")
        if flag.claim not in ("", holder):
            raise Conflict(f"{flag.key} already belongs to {flag.claim_label or flag.claim}.", field="flags")
        if seed != flag.seed:
            _refuse_reshuffle(flag)
        flag.claim, flag.claim_label, flag.seed = holder, label, seed
        flag.save(update_fields=["claim", "claim_label", "seed"])
        _record(flag, actor, "flag_claimed", {"key": flag.key, "claim": holder})
    _bump_all(sets, locked)
    return locked


@transaction.atomic
def unclaim(
    *, holder: str, actor: User | None, flags: Iterable[Flag] | None = None, settle: bool = False
) -> list[Flag]:
    """Let go of what `holder` claimed (all of it, or `flags`); weights stay. For whoever speaks for the holder.

    With `settle` the holder is done: a flag that followed its route to the full is everybody's from now on, whatever
    build serves them. Otherwise the next build, of another digest, would lose the feature.
    """
    held = Flag.objects.filter(claim=holder)
    if flags is not None:
        held = held.filter(pk__in=[flag.pk for flag in flags])
    sets = versions.lock(Environment.objects.filter(product__flags__in=held))
    locked = list(held.select_for_update(of=("self",)).order_by("pk"))
    for flag in locked:
        _may(actor, flag.product)
        _record(flag, actor, "flag_unclaimed", {"key": flag.key, "claim": holder})
        flag.claim = flag.claim_label = ""
        flag.save(update_fields=["claim", "claim_label"])
    _bump_all(sets, locked)
    if settle:
        full = FlagState.objects.filter(flag__in=locked, carrier=Carrier.BUILD, weight=FULL)
        for state in full.select_related("flag", "environment"):
            _settle(state, sets[state.environment_id].version, holder)
    return locked


@transaction.atomic
def set_weight(
    *, flag: Flag, environment: Environment, weight: int, actor: User | None, build: str = "", claim: str = ""
) -> FlagState:
    """Give it to `weight` parts per 100 000 of the users; with `build`, to whoever that build serves while weight > 0.

    Raises Refused (weight out of range; growth of a claimed production flag without its claim), Forbidden.
    """
    _may(actor, flag.product)
    carried = _carried(weight, build)
    seen = FlagState.objects.filter(flag=flag, environment=environment).first()
    if weight > (seen.weight if seen else 0) or build:
        locks.product_shared(flag.product_id)  # growth; less never waits for it
    state, flag_set = _lock_state(flag, environment)
    return _write(state, flag_set, actor, "flag_weight_set", claim, **carried)


@transaction.atomic
def kill(*, flag: Flag, environment: Environment, actor: User | None, reason: str = "") -> FlagState:
    """Off for everybody there, now, whoever claimed it. Raises Forbidden."""
    _may(actor, flag.product)
    state, flag_set = _lock_state(flag, environment)
    return _write(state, flag_set, actor, "flag_killed", "", reason=reason, enabled=False)


@transaction.atomic
def enable(*, flag: Flag, environment: Environment, actor: User | None, claim: str = "") -> FlagState:
    """Lift the kill switch. If that gives it to anybody it is growth. Raises Refused, Forbidden."""
    _may(actor, flag.product)
    locks.product_shared(flag.product_id)
    state, flag_set = _lock_state(flag, environment)
    return _write(state, flag_set, actor, "flag_enabled", claim, enabled=True)


@transaction.atomic
def move(*, flag: Flag, environment: Environment, weight: int, build: str, claim: str, fence: int) -> FlagState:
    """The router's way in. With `build` the flag follows the route, without it its own percentage carries.

    `fence` must grow with every holder of the target's lease, *over all rollouts of this flag*: a write with a lower
    one than the last is refused (Conflict), so that a late one cannot undo a newer. Sending the same again changes
    nothing and costs no version. Raises Refused if `claim` is not the flag's; what nobody claims may still go to 0.
    """
    assert claim, "only the holder of a claim moves flags"
    state, flag_set = _lock_state(flag, environment)
    held = state.flag.claim
    carried = _carried(weight, build)
    if held != claim and (held or weight > 0):
        raise Refused(f"{flag.key} is not claimed by {claim}.", field="claim")
    moved = FlagState.objects.filter(pk=state.pk, fence__lte=fence).update(fence=fence)
    if not moved:
        raise Conflict(f"{flag.key} was written with fence {state.fence}; {fence} comes too late.", field="fence")
    state.fence = fence
    return _write(state, flag_set, None, "flag_moved", held, **carried)


def _write(
    state: FlagState,
    flag_set: FlagSet,
    actor: User | None,
    action: str,
    claim: str,
    *,
    reason: str = "",
    **changes: Any,
) -> FlagState:
    """Apply `changes` to a locked state, unless the claim forbids the growth. No change: no version, no entry."""
    flag, environment = state.flag, state.environment
    after = _exposure(state, **changes)
    if flag.claim not in ("", claim) and environment.is_production and rules.grows(_exposure(state), after):
        raise Refused(f"{flag.key} belongs to {flag.claim_label or flag.claim}: it grows only through its rollout.")
    was = {field: getattr(state, field) for field in changes}
    if was == changes:
        return state
    for field, value in changes.items():
        setattr(state, field, value)
    state.version, state.changed_at = versions.bump(flag_set), clock.now()
    state.save(update_fields=[*changes, "version", "changed_at"])
    data = {"key": flag.key, "environment": environment.slug, "version": state.version, "was": was, **changes}
    _record(
        flag,
        actor,
        action,
        {**data, "percent": as_percent(state.weight), "to": words.reach(state.weight, state.build)},
        reason,
    )
    return state


def _settle(state: FlagState, version: int, holder: str) -> None:
    state.carrier, state.build, state.version, state.changed_at = Carrier.PERCENTAGE, "", version, clock.now()
    state.save(update_fields=["carrier", "build", "version", "changed_at"])
    data = {"key": state.flag.key, "environment": state.environment.slug, "version": version}
    audit.record(stream=holder, actor=None, action="flag_settled", subject=f"flag:{state.flag_id}", data=data)


def _lock_state(flag: Flag, environment: Environment) -> tuple[FlagState, FlagSet]:
    if environment.product_id != flag.product_id:
        raise Refused(f"{flag.key} is not a flag of {environment.product}.", field="environment")
    flag_set = versions.lock([environment])[environment.pk]
    locked = _locked(flag)
    state, _ = FlagState.objects.get_or_create(flag=locked, environment=environment)
    state.flag, state.environment = locked, environment
    return state, flag_set


def _locked(flag: Flag) -> Flag:
    locked = Flag.objects.select_for_update(of=("self",)).select_related("product").get(pk=flag.pk)
    if locked.archived_at:
        raise Refused(f"{flag.key} is archived.")
    return locked


def _carried(weight: int, build: str) -> dict[str, Any]:
    if isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= FULL:
        raise Refused(f"A weight is a whole number from 0 to {FULL}.", field="weight")
    carrier = Carrier.BUILD if build else Carrier.PERCENTAGE
    return {"carrier": carrier.value, "weight": weight, "build": build}


def _exposure(state: FlagState, **changes: Any) -> rules.Exposure:
    now = {field: getattr(state, field) for field in ("enabled", "carrier", "weight", "build")}
    return rules.Exposure(**{**now, **changes}, seed=state.flag.seed)


def _refuse_reshuffle(flag: Flag) -> None:
    split = flag.states.filter(enabled=True, carrier=Carrier.PERCENTAGE, weight__gt=0, weight__lt=FULL).first()
    if split:
        raise Refused(
            f"{flag.key} is on for {as_percent(split.weight)} in {split.environment}: another seed would give it to "
            "other users. Set it to 0 first.",
            field="flags",
        )


def _bump_all(sets: dict[int, FlagSet], changed: list[Flag]) -> None:
    products = {flag.product_id for flag in changed}
    for flag_set in sets.values():
        if flag_set.environment.product_id in products:
            versions.bump(flag_set)


def _save_checked(flag: Flag) -> None:
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


def _may(actor: User | None, product: Product) -> None:
    """Nobody as actor is Slipway itself: an upper room that has already checked."""
    if actor is not None:
        require(actor, product, *MAY_CHANGE)


def _record(flag: Flag, actor: User | None, action: str, data: dict[str, Any], reason: str = "") -> None:
    subject = f"flag:{flag.pk}"
    texts = {"reason": reason}
    audit.record(stream=flag.claim or subject, actor=actor, action=action, subject=subject, data=data, texts=texts)
