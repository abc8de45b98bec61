"""The router of flags. They carry the percentage themselves, or follow the route and are on for whoever it serves.

All flags of one call move in one transaction, so that one new snapshot brings the whole release (P10).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import DatabaseError, transaction

from core import clock
from core.errors import Refused
from core.models import Environment
from core.weights import FULL
from flags import actions, rules, serving
from flags.choices import Carrier
from flags.models import Flag, FlagState
from rollouts.routers.base import TIMEOUT, Change, Place, Reading, RouterError


class FlagRouter:
    """Moves flags through `flags.actions.move`, which refuses a wrong claim and an older fence."""

    forgets = False

    def refusals(self, places: Sequence[Place], weights: Sequence[int]) -> tuple[str, ...]:
        known = {state.flag.key: state for state in _states(places)}
        refused = [
            f"flag {place.key} does not exist in this environment." for place in places if place.key not in known
        ]
        refused += [f"flag {key} is archived." for key, state in known.items() if state.flag.archived_at]
        refused += [f"flag {place.key} cannot follow a route without a build." for place in places if _blind(place)]
        return tuple(refused)

    def send(self, changes: Sequence[Change], *, timeout: float = TIMEOUT) -> Mapping[str, str]:
        try:
            with transaction.atomic():
                self._move(changes)
        except (Refused, DatabaseError) as error:
            if len(changes) > 1 and all(change.weight == 0 for change in changes):
                return {key: said for change in changes for key, said in self.send([change]).items()}
            return {change.place.key: _said(error) for change in changes}
        return {}

    def read(self, places: Sequence[Place], *, timeout: float = TIMEOUT) -> Mapping[str, Reading]:
        try:
            states = {state.flag.key: state for state in _states(places)}
            behind = {environment: _behind(environment, states) for environment in _environments(places)}
        except DatabaseError as error:
            raise RouterError(_said(error)) from error
        return {
            place.key: _read(place, states[place.key], behind[place.environment])
            if place.key in states
            else Reading(weight=0)
            for place in places
        }

    def describe(self) -> str:
        return "flags"

    def _move(self, changes: Sequence[Change]) -> None:
        for change in sorted(changes, key=lambda change: change.place.key):
            place = change.place
            environment = Environment.objects.get(pk=place.environment)
            flag = Flag.objects.filter(product=environment.product_id, key=place.key).first()
            if flag is None or (flag.archived_at and change.weight == 0):
                if change.weight:
                    raise Refused(f"There is no flag {place.key}.")
                continue  # nobody can have what is not there any more
            build = place.build if place.follows else ""
            actions.move(
                flag=flag,
                environment=environment,
                weight=change.weight,
                build=build,
                claim=place.claim,
                fence=change.fence,
            )


def _states(places: Sequence[Place]) -> list[FlagState]:
    keys, environments = [place.key for place in places], _environments(places)
    found = FlagState.objects.filter(flag__key__in=keys, environment__in=environments)
    return list(found.select_related("flag", "environment"))


def _environments(places: Sequence[Place]) -> set[int]:
    return {place.environment for place in places}


def _behind(environment: int, states: Mapping[str, FlagState]) -> str:
    """Which serving processes do not have the newest of these flags yet, and for how long; empty when all do."""
    mine = [state for state in states.values() if state.environment_id == environment]
    if not mine:
        return ""
    late = serving.lagging(mine[0].environment, max(state.version for state in mine), clock.now())
    return " ".join(_late(laggard) for laggard in late)


def _late(laggard: serving.Laggard) -> str:
    waited = f" for {laggard.behind.total_seconds():.0f} s" if laggard.behind else ""
    return f"{laggard.process} serves an older version{waited}."


def _read(place: Place, state: FlagState, behind: str) -> Reading:
    """What a release let go of is people's again."""
    return replace(_reading(place, state, behind), free=not state.flag.claim)


def _reading(place: Place, state: FlagState, behind: str) -> Reading:
    foreign = state.flag.claim not in ("", place.claim)
    if foreign and state.weight > 0:
        return Reading(weight=None, problem=f"{place.key} now belongs to {state.flag.claim_label}.", foreign=True)
    if behind:
        return Reading(weight=None, problem=behind, foreign=foreign)
    if state.flag.archived_at or state.weight == 0:
        return _nobody(place, state)
    if not state.enabled:
        return Reading(weight=None, problem=f"{place.key} is turned off by its kill switch.", off=True)
    if place.follows and state.carrier == Carrier.PERCENTAGE and state.weight == FULL:
        return Reading(weight=FULL)  # everybody's for good, whatever build serves them
    if place.follows != (state.carrier == Carrier.BUILD):
        return Reading(weight=None, problem=f"{place.key} is carried by its {state.carrier}.")
    if place.follows and state.build != place.build:
        return Reading(weight=None, problem=f"{place.key} follows another build.")
    return Reading(weight=state.weight)


def _nobody(place: Place, state: FlagState) -> Reading:
    """At 0 a flag is withheld; one that never was may still reach somebody by a pin or a rule."""
    reached = state.enabled and not state.withheld and not state.flag.archived_at and rules.targets(state.targeting)
    return (
        Reading(weight=None, problem=f"{place.key} still reaches some by its rules.") if reached else Reading(weight=0)
    )


def _blind(place: Place) -> bool:
    return place.follows and not place.build


def _said(error: Exception) -> str:
    return error.sentence if isinstance(error, Refused) else f"The database refused: {type(error).__name__}."
