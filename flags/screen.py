"""What the pages show of flags: who has one where, in a word, by which rules, and which processes serve it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import NoReverseMatch, reverse

from core.choices import Tone
from core.models import Environment, User
from core.weights import FULL, as_percent
from core.words import span
from flags import explain
from flags.actions import MAY_CHANGE
from flags.choices import Carrier, Reach
from flags.evaluation import FlagRule
from flags.models import Flag, FlagState, ServingProcess
from flags.serving import COUNTS_SECONDS


@dataclass(frozen=True)
class Word:
    tone: str
    icon: str
    word: str


@dataclass(frozen=True)
class Place:
    """A flag in one environment: its state in a word, the rules it decides by, and what this person may press."""

    environment: Environment
    state: FlagState
    word: Word
    rules: Sequence[explain.Rule]
    bound: bool
    may_change: bool
    serving: str

    @property
    def can_enable(self) -> bool:
        return self.may_change and not self.state.enabled and not (self.bound and self.state.weight > 0)

    @property
    def can_set(self) -> bool:
        return self.may_change and not self.bound and self.state.enabled

    @property
    def can_kill(self) -> bool:
        return self.may_change and self.state.enabled


@dataclass(frozen=True)
class Row:
    """One flag in the list: how old it is, and what share of production has it."""

    flag: Flag
    reach: Reach
    age: str
    share: str


def word(state: FlagState | None) -> Word:
    if state is None or (state.enabled and state.weight == 0):
        return Word(Tone.NONE, "ring", "nobody")
    if not state.enabled:
        return Word(Tone.BAD, "hold", "turned off")
    if state.carrier == Carrier.BUILD:
        return Word(Tone.LIVE, "route", "follows the route")
    if state.weight == FULL:
        return Word(Tone.GOOD, "open", "everybody")
    return Word(Tone.LIVE, "live", as_percent(state.weight))


def reach(states: Iterable[FlagState]) -> Reach:
    """How far a flag has come, over all its environments. Each state knows its environment."""
    rows = list(states)
    live = next((state for state in rows if state.environment.is_production), None)
    if live and not live.enabled:
        return Reach.KILLED
    if live and live.weight > 0:
        return Reach.ALL if live.weight >= FULL and live.carrier == Carrier.PERCENTAGE else Reach.ROLLING
    tried = any(state.enabled and state.weight > 0 for state in rows if not state.environment.is_production)
    return Reach.TESTING if tried else Reach.NOBODY


def row(flag: Flag, now: datetime) -> Row:
    """Without a query, if the flag's states and their environments were prefetched."""
    states = list(flag.states.all())
    live = next((state for state in states if state.environment.is_production), None)
    share = "off" if live and not live.enabled else as_percent(live.weight if live else 0)
    age = "\u00a0".join(span(now - flag.created_at).split("\u00a0")[:2])
    return Row(flag, reach(states), age, share)


def tabs(rows: Sequence[Row]) -> list[tuple[str, str, int]]:
    """The list's tabs with how many stand behind each: value, name, count."""
    counts = Counter(one.reach.tab for one in rows)
    return [("", "All", len(rows)), *((tab, tab.label, counts[tab]) for tab in Reach if tab.tab == tab)]


def groups(rows: Sequence[Row], tab: str) -> list[tuple[Reach, list[Row]]]:
    """The rows under their headings, what is unusual first; `tab` empty: all."""
    held = {one: [row for row in rows if row.reach == one and tab in ("", one.tab)] for one in Reach}
    return [(one, found) for one, found in held.items() if found]


def places(flag: Flag, user: User, now: datetime) -> list[Place]:
    """One per environment of the flag's product, production first."""
    states = {state.environment_id: state for state in flag.states.all()}
    may = user.has_role(flag.product, *MAY_CHANGE)
    found = []
    for environment in flag.product.environments.all():
        state = states.get(environment.pk) or FlagState(flag=flag, environment=environment)
        bound = bool(flag.claim) and environment.is_production
        rules = explain.rules(rule_of(flag, state))
        served = _serving(environment, state.version, now)
        found.append(Place(environment, state, word(state), rules, bound, may, served))
    return sorted(found, key=lambda place: not place.environment.is_production)


def rule_of(flag: Flag, state: FlagState) -> FlagRule:
    """The state as it is evaluated."""
    kept = {name: getattr(state, name) for name in ("enabled", "carrier", "weight", "build", "version")}
    return FlagRule(key=flag.key, seed=flag.seed, **kept)


def claimed_by(flag: Flag) -> str:
    """The address of what claims it (``release:7``); empty if nothing does, or it has no page."""
    kind, _, pk = flag.claim.partition(":")
    try:
        return reverse(kind, args=[int(pk)]) if pk.isdigit() else ""
    except NoReverseMatch:
        return ""


def _serving(environment: Environment, version: int, now: datetime) -> str:
    recent = ServingProcess.objects.filter(environment=environment, seen_at__gt=now - timedelta(seconds=COUNTS_SECONDS))
    held = list(recent.values_list("process", "version"))
    behind = sorted(process for process, has in held if has < version)
    if not held:
        return "no process serves it at present"
    if behind:
        return f"{', '.join(behind)} still serves an older version"
    return f"{len(held)} serving processes have it" if len(held) > 1 else "confirmed"
