"""Whose a flag is: from its claim on it grows in production only for the holder."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from core import audit
from core.errors import Conflict, Refused
from core.models import Environment, User
from core.weights import FULL, as_percent
from flags import definition, rules, versions
from flags.actions import common, record
from flags.choices import Carrier
from flags.models import Flag, FlagSet, FlagState
from flags.models.flag import FlagQuerySet


@transaction.atomic
def claim(*, flags: Iterable[Flag], holder: str, label: str, seed: str, actor: User | None) -> list[Flag]:
    """From now on these flags grow in production only for `holder` (``release:7``), and share `seed`. What nobody has
    there is withheld until the holder moves it; that somebody had it already is kept, for whoever signs. Claiming again
    is harmless.

    Raises Conflict if another holds one; Refused if the new seed would give a split flag to other users (P10);
    Forbidden.
    """
    wanted = list(flags)
    sets = versions.lock(Environment.objects.filter(product__flags__in=wanted))
    locked = list(_locked(Flag.objects.filter(pk__in=[flag.pk for flag in wanted])))
    for flag in locked:
        common.may(actor, flag.product)
        if flag.archived_at:
            raise Refused(f"{flag.key} is archived.", field="flags")
        if flag.claim not in ("", holder):
            raise Conflict(f"{flag.key} already belongs to {flag.claim_label or flag.claim}.", field="flags")
        if seed != flag.seed:
            _refuse_reshuffle(flag)
        if (flag.claim, flag.claim_label, flag.seed) == (holder, label, seed):
            continue
        fresh = flag.claim != holder
        flag.claim, flag.claim_label, flag.seed = holder, label, seed
        flag.save(update_fields=["claim", "claim_label", "seed"])
        _restamp(flag, sets, actor, "flag_claimed", holder, fresh=fresh)
    return locked


@transaction.atomic
def unclaim(
    *, holder: str, actor: User | None, flags: Iterable[Flag] | None = None, settle: bool = False
) -> list[Flag]:
    """Let go of what `holder` claimed (all of it, or `flags`); who has it stays. For whoever speaks for the holder.

    With `settle` the holder is done: a flag that followed its route to the full is everybody's from now on, whatever
    build serves them. Otherwise the next build, of another digest, would lose the feature.
    """
    held = Flag.objects.filter(claim=holder)
    if flags is not None:
        held = held.filter(pk__in=[flag.pk for flag in flags])
    sets = versions.lock(Environment.objects.filter(product__flags__in=held))
    locked = list(_locked(held))
    for flag in locked:
        common.may(actor, flag.product)
        flag.claim = flag.claim_label = ""
        flag.save(update_fields=["claim", "claim_label"])
        _restamp(flag, sets, actor, "flag_unclaimed", holder)
    if settle:
        full = FlagState.objects.filter(flag__in=locked, carrier=Carrier.BUILD, weight=FULL)
        _settle(list(full.select_related("flag", "environment").order_by("pk")), sets, holder)
    return locked


def _locked(flags: FlagQuerySet) -> FlagQuerySet:
    return flags.select_for_update(of=("self",), no_key=True).order_by("pk")


def _restamp(
    flag: Flag, sets: dict[int, FlagSet], actor: User | None, action: str, holder: str, *, fresh: bool = True
) -> None:
    """A new version in every environment: what serves it there says whose it is. `fresh`: since now, or no more."""
    claimed, segments, states = flag.claim == holder, definition.segments_of(flag.product_id), []
    for flag_set in sets.values():
        environment = flag_set.environment
        if environment.product_id != flag.product_id:
            continue
        state = common.state_in(flag, environment)
        exposed = definition.exposure(definition.complete(flag, state), segments)
        held = claimed and environment.is_production
        state.withheld = state.withheld or (held and exposed.nobody and state.weight == 0)
        if fresh:
            state.already_given = held and not rules.awake(exposed).nobody
        states.append(state)
    record.stamp(states, sets, "withheld", "already_given")
    data = {"key": flag.key, "claim": holder, **record.about_all(states)}
    record.keep(states, record.entry(flag, actor, action, data, stream=holder))


def _settle(states: list[FlagState], sets: dict[int, FlagSet], holder: str) -> None:
    record.stamp(states, sets, carrier=Carrier.PERCENTAGE, build="")
    for state in states:
        subject, data = f"flag:{state.flag_id}", record.about(state)
        entry = audit.record(stream=holder, actor=None, action="flag_settled", subject=subject, data=data)
        record.keep([state], entry)


def _refuse_reshuffle(flag: Flag) -> None:
    split = flag.states.filter(carrier=Carrier.PERCENTAGE, weight__gt=0, weight__lt=FULL).first()
    if split:
        raise Refused(
            f"{flag.key} is on for {as_percent(split.weight)} in {split.environment}: another seed would give it to "
            "other users. Set it to 0 first.",
            field="flags",
        )
