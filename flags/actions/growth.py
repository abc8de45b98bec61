"""Who may let a flag grow, and what is locked meanwhile (P1): asked by whatever changes who gets what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from itertools import groupby
from typing import Any

from django.conf import settings

from core import locks
from core.errors import Conflict, Refused
from core.models import Environment
from flags import definition, rules, versions
from flags.models import Flag, FlagState

EXPOSED = {"carrier", "weight", "build"}


def lock(flag: Flag, changes: Mapping[str, Any] | None = None) -> None:
    """Whatever may grow waits for product-wide facts, and for what claims the flag; back to 0 waits for nobody."""
    if changes and set(changes) <= EXPOSED and changes.get("weight") == 0:
        return
    locks.product_shared(flag.product_id)
    hold_claims(Flag.objects.filter(pk=flag.pk).values_list("claim", flat=True))


def hold_claims(claims: Iterable[str]) -> None:
    """Lock what claims flags, before any lock of this room: what is signed may change with them."""
    for holders, number in _holders(claims):
        holders.hold(number)


def give_way() -> None:
    """What takes long and holds what a way back needs asks now and then (P2). Raises Conflict if somebody waits."""
    if locks.wanted():
        raise Conflict("Somebody needs these flags at this moment. Nothing was changed; try again.")


def require_allowed(state: FlagState, changes: dict[str, Any], *, claim: str, seconded: bool) -> bool:
    """Whether `changes` are growth. Raises Refused for growth that only a rollout (P1) or a second person may give."""
    segments = definition.segments_of(state.flag.product_id)
    before = definition.exposure(definition.complete(state.flag, state), segments)
    after = definition.exposure(definition.complete(state.flag, state, **changes), segments)
    growth = grows(state, before, after, claim=claim)
    if growth:
        refuse_foreign([state], claim)
        if not claim and not seconded and versions.wants_second(state.environment):
            raise Refused(f"{state.environment} wants a second person for this: propose it.", field="second")
    return growth


def grows(state: FlagState, before: rules.Exposure, after: rules.Exposure, *, claim: str = "") -> bool:
    """Whether that is growth. Of what another claims in production also what nobody would get before it is turned on
    again; and under way any other decision than was signed, whoever has it now: its rollout sends its weight again.
    """
    if rules.grows(before, after):
        return True
    holder = state.flag.claim
    if holder in ("", claim) or not state.environment.is_production:
        return False
    if before.decides != after.decides and under_way(holder):
        return True
    return rules.grows(rules.awake(before), rules.awake(after))


def refuse_foreign(states: Iterable[FlagState], claim: str = "") -> None:
    """Growth in production belongs to a flag's claim, and to the claims of those flags that need this one (P1)."""
    for environment, theirs in _by_environment(states):
        if not environment.is_production:
            continue
        for flag in (state.flag for state in theirs):
            if flag.claim not in ("", claim):
                raise Refused(
                    f"{flag.key} belongs to {flag.claim_label or flag.claim}: it grows only through its rollout."
                )
        if not claim:
            _refuse_for_dependents(environment, [state.flag.key for state in theirs])


def refuse(states: Iterable[FlagState], *, seconded: bool, field: str, instead: str) -> None:
    """What grows in these states by something that many flags share. Raises Refused: for what is a rollout's alone, and
    where a second person is wanted, saying what to do `instead`, because that cannot be planned.
    """
    growing = list(states)
    refuse_foreign(growing)
    for environment, theirs in _by_environment(growing):
        if not seconded and versions.wants_second(environment):
            said = f"{environment} wants a second person for changes, and {theirs[0].flag.key} changes there with it"
            raise Refused(f"{said}: {instead}", field=field)


def is_had(state: FlagState, segments: Mapping[str, Any]) -> bool:
    """Whether somebody has it there, or will once it is turned on again or what claims it goes on."""
    exposed = definition.exposure(definition.complete(state.flag, state), segments)
    return not rules.awake(exposed).nobody or (state.flag.claim != "" and under_way(state.flag.claim))


def _refuse_for_dependents(environment: Environment, keys: Iterable[str]) -> None:
    needs = definition.needs_in(environment)
    needed_by = {other: key for key in keys for other in rules.dependents(key, needs)}
    states = FlagState.objects.filter(environment=environment, flag__key__in=needed_by, flag__archived_at=None)
    claimed = states.exclude(flag__claim="").select_related("flag").order_by("flag__key") if needed_by else []
    segments = definition.segments_of(environment.product_id) if claimed else {}
    for state in claimed:
        if is_had(state, segments):
            other, key = state.flag, needed_by[state.flag.key]
            said = f"{other.key} belongs to {other.claim_label or other.claim} and needs {key}"
            raise Refused(f"{said}: it would grow with it, and it grows only through its rollout.")


def under_way(claim: str) -> bool:
    """Whether what claims a flag is being carried out: nothing of it is decided anew until that is over."""
    return any(holders.is_under_way(number) for holders, number in _holders([claim]))


def _holders(claims: Iterable[str]) -> Iterator[tuple[Any, int]]:
    """The module that answers for each claim, and its number there; of those that somebody answers for."""
    for claim in sorted(set(claims)):
        kind, _, number = claim.partition(":")
        if kind in settings.FLAG_CLAIMS and number.isdecimal():
            yield import_module(settings.FLAG_CLAIMS[kind]), int(number)


def _by_environment(states: Iterable[FlagState]) -> Iterator[tuple[Environment, list[FlagState]]]:
    ordered = sorted(states, key=lambda state: state.environment_id)
    for _, group in groupby(ordered, key=lambda state: state.environment_id):
        theirs = list(group)
        yield theirs[0].environment, theirs
