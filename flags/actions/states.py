"""Who gets what from a flag in one environment. A claimed flag grows there only by its claim (P1); less always may."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from core import notify
from core.errors import Conflict, Refused
from core.models import Environment, User
from flags import definition, evaluation, patterns_in_use, rules
from flags.actions import common, growth, record
from flags.evaluation import Targeting
from flags.models import Flag, FlagState, FlagVersion

log = logging.getLogger(__name__)


@transaction.atomic
def set_weight(
    *,
    flag: Flag,
    environment: Environment,
    weight: int,
    actor: User | None,
    build: str = "",
    claim: str = "",
    reason: str = "",
    based_on: int | None = None,
) -> FlagState:
    """Give it to `weight` parts per 100 000 of the users; with `build`, to whoever that build serves while weight > 0.

    Raises Refused (weight out of range; growth that only a rollout or a second person may give), Conflict, Forbidden.
    """
    changes = common.carried(weight, build)
    return change_state(
        flag=flag,
        environment=environment,
        changes=changes,
        actor=actor,
        action="flag_weight_set",
        claim=claim,
        reason=reason,
        based_on=based_on,
    )


@transaction.atomic
def set_targeting(
    *,
    flag: Flag,
    environment: Environment,
    targeting: Mapping[str, Any],
    actor: User | None,
    reason: str = "",
    based_on: int | None = None,
) -> FlagState:
    """Who is special there (pins, needs, rules), and what whoever has it gets. Raises Refused naming the part
    (``targeting.rules.0.when``), Conflict where `based_on` is not the last version, Forbidden.
    """
    return change_state(
        flag=flag,
        environment=environment,
        changes={"targeting": targeting},
        actor=actor,
        action="flag_targeting_set",
        reason=reason,
        based_on=based_on,
    )


def restoring(flag: Flag, environment: Environment, version: int) -> dict[str, Any]:
    """The changes that make it again what it was: who has it and what they get. The kill switch stays as it is. Raises
    Refused if there is no such version.
    """
    kept = FlagVersion.objects.filter(flag=flag, environment=environment, version=version).first()
    if kept is None:
        raise Refused(f"{flag.key} had no version {version} in {environment}.", field="version")
    return definition.restored(kept.definition)


@transaction.atomic
def change_state(
    *,
    flag: Flag,
    environment: Environment,
    changes: dict[str, Any],
    actor: User | None,
    action: str,
    claim: str = "",
    reason: str = "",
    based_on: int | None = None,
    seconded: bool = False,
    data: Mapping[str, Any] | None = None,
) -> FlagState:
    """Apply `changes` (of `definition.STATE`) by hand. Raises Refused, Conflict, Forbidden."""
    common.may(actor, flag.product)
    growth.lock(flag, changes)
    state, flag_set = common.lock_state(flag, environment)
    common.based(state.version, based_on)
    changes = complete(state, changes, claim=claim)
    return common.write(
        state, flag_set, actor, action, claim=claim, seconded=seconded, reason=reason, data=data, **changes
    )


def complete(state: FlagState, changes: dict[str, Any], *, claim: str = "") -> dict[str, Any]:
    """All that `changes` make of a locked state: targeting in its one form, and no longer withheld where somebody gets
    it. Raises Refused, also for what begins with its rollout only, whether anybody would have it yet or not.
    """
    if "targeting" in changes:
        changes = {**changes, "targeting": checked(state.flag, state.environment, changes["targeting"])}
    if state.withheld and (changes.get("weight") or changes.get("withheld") is False):
        growth.refuse_foreign([state], claim)
        changes = {**changes, "withheld": False}
    return changes


def checked(flag: Flag, environment: Environment, targeting: Mapping[str, Any]) -> dict[str, Any]:
    """Complete and valid targeting for this flag there. Raises Refused naming the part that is wrong."""
    segments = definition.segments_of(flag.product_id)
    others = Flag.objects.in_use().filter(product=flag.product_id).exclude(pk=flag.pk)
    known = {other.key: other for other in others} if isinstance(targeting, dict) and targeting.get("needs") else {}
    try:
        parsed = evaluation.parse_targeting(
            targeting, variants=flag.variant_names, segments=set(segments), flags=set(known)
        )
    except evaluation.Invalid as invalid:
        path = ".".join(part for part in ("targeting", invalid.path) if part)
        raise Refused(invalid.sentence, field=path) from invalid
    if parsed["needs"]:
        _check_needs(flag, environment, parsed, known)
    patterns_in_use.check_flag(flag, environment, parsed, segments)
    return dict(parsed)


def _check_needs(flag: Flag, environment: Environment, targeting: Targeting, known: dict[str, Flag]) -> None:
    """A need asks for a variant that the other has, other than its off-variant (so that less of one is never more of
    another), and never comes round to itself. A row of needs that is too long to be evaluated would err for everybody.
    """
    offs = dict(
        FlagState.objects.filter(environment=environment, flag__in=known.values()).values_list(
            "flag__key", "targeting__off"
        )
    )
    for at, need in enumerate(targeting["needs"]):
        other = known[need["flag"]]
        for name in need["variants"]:
            if name not in other.variant_names:
                raise Refused(f"{other.key} has no variant {name}.", field=f"targeting.needs.{at}")
            if name == offs.get(other.key, other.variant_names[-1]):
                said = f"{name} is what {other.key} gives while it is off: that cannot be needed."
                raise Refused(said, field=f"targeting.needs.{at}")
    needs = {**definition.needs_in(environment), flag.key: rules.needed(targeting)}
    cycle = evaluation.need_cycle(needs)
    if cycle:
        raise Refused(f"It would need itself: {' → '.join([*cycle, cycle[0]])}.", field="targeting.needs")
    deep = evaluation.needs_too_deep(needs)
    if deep:
        said = f"{', '.join(sorted(deep)[:3])} would begin a row of flags, each needing the next, that is too long."
        raise Refused(said, field="targeting.needs")


@transaction.atomic
def kill(*, flag: Flag, environment: Environment, actor: User | None, reason: str = "") -> FlagState:
    """Off for everybody there, now, whoever claimed it; its people are told. Raises Forbidden."""
    common.may(actor, flag.product)
    state, flag_set = common.lock_state(flag, environment)
    was = state.enabled
    if not was:  # again: who turned it off before may plan to turn it on, which is another flag by now
        record.stamp([state], {environment.pk: flag_set})
        record.keep([state], record.entry(state.flag, actor, "flag_killed", record.about(state), reason))
        return state
    state = common.write(state, flag_set, actor, "flag_killed", reason=reason, enabled=False)
    if actor is not None:
        try:
            with transaction.atomic():
                _tell_killed(state, actor, reason)
        except Exception:  # whatever is wrong with a mail: it is off
            log.exception("telling that %s is killed", state)
    return state


@transaction.atomic
def enable(*, flag: Flag, environment: Environment, actor: User | None, claim: str = "", reason: str = "") -> FlagState:
    """Lift the kill switch. If that gives it to anybody it is growth. Raises Refused, Forbidden."""
    return change_state(
        flag=flag,
        environment=environment,
        changes={"enabled": True},
        actor=actor,
        action="flag_enabled",
        claim=claim,
        reason=reason,
    )


@transaction.atomic
def move(*, flag: Flag, environment: Environment, weight: int, build: str, claim: str, fence: int) -> FlagState:
    """The router's way in. With `build` the flag follows the route, without it its own percentage carries. At 0 it is
    withheld: nobody has it, pinned or not.

    `fence` must grow with every holder of the target's lease, *over all rollouts of this flag*: a write with a lower
    one than the last is refused (Conflict), so that a late one cannot undo a newer. Sending the same again changes
    nothing and costs no version. Raises Refused if `claim` is not the flag's; what nobody claims may still go to 0.
    """
    assert claim, "only the holder of a claim moves flags"
    state, flag_set = common.lock_state(flag, environment)
    held = state.flag.claim
    changes = {**common.carried(weight, build), "withheld": weight == 0}
    if held != claim and (held or weight > 0):
        raise Refused(f"{flag.key} is not claimed by {claim}.", field="claim")
    moved = FlagState.objects.filter(pk=state.pk, fence__lte=fence).update(fence=fence)
    if not moved:
        raise Conflict(f"{flag.key} was written with fence {state.fence}; {fence} comes too late.", field="fence")
    state.fence = fence
    return common.write(state, flag_set, None, "flag_moved", claim=held, **changes)


def _tell_killed(state: FlagState, actor: User, reason: str) -> None:
    """Loud: its owner and the product's release managers hear of it, except who did it."""
    flag, environment = state.flag, state.environment
    notify.tell(
        recipients=common.concerned(flag, but=actor),
        kind="flag_killed",
        subject_key=f"flag:{flag.pk}",
        dedupe=f"flag_killed:{state.pk}:{state.version}",
        subject=f"{flag.key} is off for everybody in {environment.name.lower()}",
        context={
            "flag": flag,
            "environment": environment,
            "by": actor,
            "reason": reason,
            "label": flag.claim_label,
            "url": flag.get_absolute_url(),
        },
    )
