"""What the pages show of flags: who has one where, in a word, and which processes serve it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.choices import Tone
from core.digests import short
from core.models import Environment, User
from core.ui import Line
from core.weights import FULL, as_percent
from flags.actions import MAY_CHANGE
from flags.choices import Carrier
from flags.models import Flag, FlagState, ServingProcess
from flags.serving import COUNTS_SECONDS


@dataclass(frozen=True)
class Word:
    tone: str
    icon: str
    word: str


@dataclass(frozen=True)
class Place:
    """A flag in one environment: its state in a word, and what this person may press."""

    environment: Environment
    state: FlagState
    word: Word
    bound: bool
    may_change: bool
    serving: str

    @property
    def build(self) -> str:
        return short(self.state.build)

    @property
    def can_enable(self) -> bool:
        return self.may_change and not self.state.enabled and not (self.bound and self.state.weight > 0)

    @property
    def can_set(self) -> bool:
        return self.may_change and not self.bound


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


def places(flag: Flag, user: User, now: datetime) -> list[Place]:
    """One per environment of the flag's product, production last."""
    states = {state.environment_id: state for state in flag.states.all()}
    may = user.has_role(flag.product, *MAY_CHANGE)
    found = []
    for environment in flag.product.environments.all():
        state = states.get(environment.pk) or FlagState(flag=flag, environment=environment)
        bound = bool(flag.claim) and environment.is_production
        found.append(Place(environment, state, word(state), bound, may, _serving(environment, state.version, now)))
    return found


def first_line(flag: Flag, shown: Sequence[Place]) -> Line:
    """The sentence the flag's page opens with."""
    live = next((place for place in shown if place.environment.is_production), None)
    seen = live.word if live else Word(Tone.NONE, "ring", "nobody")
    leads = {"nobody": "Nobody has it", "everybody": "Everybody has it", "turned off": "Turned off for everybody"}
    lead = leads.get(seen.word, f"It {seen.word}" if seen.icon == "route" else f"On for {seen.word} of the users")
    held = f"It belongs to {flag.claim_label or flag.claim} and grows only through its rollout." if flag.claim else ""
    return Line(str(seen.tone), seen.icon, f"{lead} in production.", held or "No release claims it.")


def _serving(environment: Environment, version: int, now: datetime) -> str:
    recent = ServingProcess.objects.filter(environment=environment, seen_at__gt=now - timedelta(seconds=COUNTS_SECONDS))
    held = list(recent.values_list("process", "version"))
    behind = sorted(process for process, has in held if has < version)
    if not held:
        return "no process serves it at present"
    if behind:
        return f"{', '.join(behind)} still serves an older version"
    return f"{len(held)} serving process{'' if len(held) == 1 else 'es'} have it" if len(held) > 1 else "confirmed"
