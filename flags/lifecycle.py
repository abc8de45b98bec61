"""Where a flag stands in its life, and why it may go: derived from who has it, who asks for it and how old it is.

Decided without a database and without a clock: everything comes in as `Facts`, a `Life` with its reasons comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from core.weights import FULL
from flags.choices import Carrier, Due, FlagKind, Stage
from flags.rules import given, special, targets

SETTLED = timedelta(days=14)
"""Everyone or nobody for so long: longer than any rollback window, so whoever wanted to go back has gone."""
UNTRIED = timedelta(days=60)
"""Nobody ever had it, or only a test environment: what is built takes weeks, what is forgotten takes longer."""
UNASKED = timedelta(days=30)
"""Nobody asked: code that runs only at a month's end has asked by then."""
JUST_MADE = timedelta(minutes=1)
"""A state that changed no later than this after the flag was made was never changed."""
LASTING = {FlagKind.OPS, FlagKind.PERMISSION}
"""Kinds that are meant to stay: who has them says nothing about their end."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A flag in one environment. `gives`: the variants that somebody gets as long as nobody throws the kill switch;
    `part`: users differ there in whether they have it.
    """

    gives: frozenset[str]
    off: str
    part: bool
    killed: bool
    changed_at: datetime

    @property
    def nobody(self) -> bool:
        return self.gives <= {self.off}

    @property
    def settled(self) -> str:
        """The one variant that all get now; empty if they get different ones."""
        now = {self.off} if self.killed else self.gives
        return next(iter(now)) if len(now) == 1 else ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a flag. `named_at`: when somebody last asked for this very flag; `asked_at`: when it was last
    in any answer; `counted_since`: when answers of its product were first counted (None: never, so that silence says
    nothing). `mentions`: places in code (None: no code was looked through). `holder` names the release that claims
    it, `release` the one that let it go.
    """

    kind: str
    made_at: datetime
    production: Place | None
    elsewhere: bool = False
    last_change: datetime | None = None
    named_at: datetime | None = None
    asked_at: datetime | None = None
    counted_since: datetime | None = None
    mentions: int | None = None
    holder: str = ""
    release: str = ""
    removal: date | None = None
    archived_at: datetime | None = None


@dataclass(frozen=True)
class Reason:
    """Why a flag may go, in a sentence, and since when that holds."""

    due: Due
    since: datetime
    sentence: str


@dataclass(frozen=True)
class Life:
    """`coming`: what will be a reason, of a flag that everyone has and a release has just let go."""

    facts: Facts
    stage: Stage
    reasons: tuple[Reason, ...] = ()
    coming: Reason | None = None

    @property
    def is_due(self) -> bool:
        return bool(self.reasons)

    @property
    def dues(self) -> list[Due]:
        return [reason.due for reason in self.reasons]


def place(
    *, enabled: bool, withheld: bool, carrier: str, weight: int, build: str, targeting: Mapping[str, Any], at: datetime
) -> Place:
    """The state of a flag in an environment, as its life sees it."""
    off = str(targeting["off"])
    exposed = weight > 0 and (carrier != Carrier.BUILD or bool(build))
    all_of_them = exposed and weight >= FULL and carrier == Carrier.PERCENTAGE and not targeting["needs"]
    gives = {off} if withheld else {*special(targeting), *(given(targeting["on"]) if exposed else ())}
    if not all_of_them:
        gives.add(off)
    part = not withheld and ((exposed and not all_of_them) or (not exposed and targets(targeting)))
    return Place(gives=frozenset(gives), off=off, part=part, killed=not enabled, changed_at=at)


def life(facts: Facts, now: datetime) -> Life:
    """The stage, and every reason to take the flag out: the first is the strongest."""
    if facts.archived_at:
        return Life(facts, Stage.ARCHIVED)
    found = [_past(facts, now)]
    if not facts.holder:
        found = [_settled(facts, now), *found, _unasked(facts, now)]
    reasons = tuple(reason for reason in found if reason)
    stage = Stage.STALE if reasons and not facts.holder else _stage(facts)
    return Life(facts, stage, reasons, None if reasons else _coming(facts, now))


def _stage(facts: Facts) -> Stage:
    where = facts.production
    if where is None or where.nobody:
        return Stage.NEW
    if facts.holder or (where.part and facts.kind not in LASTING):
        return Stage.RAMPING
    return Stage.LIVE


class _Rest(NamedTuple):
    """That all of production get the same: since when, how long that has to last, and how it reads."""

    wait: timedelta
    due: Due
    since: datetime
    said: str


def _settled(facts: Facts, now: datetime) -> Reason | None:
    rest = _rest(facts)
    return _after(*rest, now) if rest else None


def _coming(facts: Facts, now: datetime) -> Reason | None:
    rest = _rest(facts)
    if rest is None or rest.due is not Due.EVERYBODY or facts.holder or not facts.release:
        return None
    left = -(-(rest.since + rest.wait - now) // timedelta(days=1))
    return Reason(rest.due, rest.since, f"Everyone has it, and {facts.release} is over: due in {left}\u00a0d.")


def _rest(facts: Facts) -> _Rest | None:
    where = facts.production
    if where is None or not where.settled or facts.kind in LASTING:
        return None
    if where.settled != where.off:
        what = "" if where.settled == "on" else f" “{where.settled}”"
        over = f", since {facts.release} was over." if facts.release else "."
        return _Rest(SETTLED, Due.EVERYBODY, where.changed_at, f"Everyone has had it{what} for {{}}{over}")
    if where.killed and not where.nobody:
        return _Rest(SETTLED, Due.NOBODY, where.changed_at, "Turned off for everybody for {}.")
    since = max(where.changed_at, facts.last_change or where.changed_at)
    if facts.elsewhere:
        return _Rest(UNTRIED, Due.NOBODY, since, "On outside production only, and unchanged for {}.")
    if where.changed_at - facts.made_at <= JUST_MADE:
        return _Rest(UNTRIED, Due.NOBODY, since, "Nobody has ever had it in production, and it is unchanged for {}.")
    return _Rest(SETTLED, Due.NOBODY, since, "Off for everybody for {}.")


def _past(facts: Facts, now: datetime) -> Reason | None:
    if facts.removal is None or facts.removal >= now.date():
        return None
    since = datetime.combine(facts.removal, datetime.min.time(), now.tzinfo) + timedelta(days=1)
    held = f"; {facts.holder} still holds it" if facts.holder else ""
    return Reason(Due.PAST, since, f"It was to be gone by {facts.removal.day} {facts.removal:%b %Y}{held}.")


def _unasked(facts: Facts, now: datetime) -> Reason | None:
    if facts.counted_since is None:
        return None
    begin = max(facts.made_at, facts.counted_since)
    if facts.asked_at is None:
        return _after(UNASKED, Due.UNASKED, begin, "Nobody has ever asked for it, in {}.", now)
    silent = _after(UNASKED, Due.UNASKED, facts.asked_at, "Nobody has asked for it for {}.", now)
    if silent or facts.mentions != 0:
        return silent
    said = "No code mentions it, and only answers that hold every flag have held it for {}."
    return _after(UNASKED, Due.UNASKED, facts.named_at or begin, said, now)


def _after(wait: timedelta, due: Due, since: datetime, said: str, now: datetime) -> Reason | None:
    passed = now - since
    return Reason(due, since, said.replace("{}", f"{passed.days}\u00a0d", 1)) if passed >= wait else None
