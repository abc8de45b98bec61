"""A flag in each environment, as its page shows it: who has it, by which rules, what this person may press there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import NoReverseMatch, reverse

from core.choices import Tone
from core.models import AuditEntry, Environment, Product, User
from core.weights import FULL, as_percent
from core.words import span
from flags import definition, evaluation, rules
from flags.actions import MAY_CHANGE, growth
from flags.choices import Carrier
from flags.evaluation import phrases
from flags.evaluation.phrases import Bit, Phrase
from flags.models import Flag, FlagState, ServingProcess
from flags.serving import COUNTS_SECONDS


@dataclass(frozen=True)
class Word:
    tone: str
    icon: str
    word: str


@dataclass(frozen=True)
class Row:
    """One line of how a flag decides: what is asked, and what whoever it fits gets. `decides`: it answers for most."""

    asks: Phrase
    gives: Phrase = ()
    on: bool = False
    decides: bool = False


@dataclass(frozen=True)
class Place:
    """A flag in one environment. `settling`: a process still serves an older version of it. `killed`: who turned it off
    there, and why.
    """

    environment: Environment
    state: FlagState
    word: Word
    rows: Sequence[Row]
    bound: bool
    under_way: bool
    may_change: bool
    serving: str
    settling: bool = False
    killed: AuditEntry | None = None

    @property
    def can_enable(self) -> bool:
        return self.may_change and not self.state.enabled and not (self.bound and self.would_give)

    @property
    def can_set(self) -> bool:
        return self.may_change and not self.bound and self.state.enabled

    @property
    def can_open(self) -> bool:
        return self.may_change and not self.bound and self.state.withheld

    @property
    def can_kill(self) -> bool:
        return self.may_change and self.state.enabled

    @property
    def can_edit(self) -> bool:
        """Rules of what a rollout has begun with are its own; while nobody has it before, they may change."""
        had = self.state.enabled and not self.state.withheld and self.state.weight > 0
        return self.may_change and not (self.bound and (had or self.under_way))

    @property
    def would_give(self) -> bool:
        """Whether somebody has it as soon as the kill switch is lifted."""
        there = definition.complete(self.state.flag, self.state, enabled=True)
        return not definition.exposure(there, {}).nobody


def production_first(product: Product) -> list[Environment]:
    return sorted(product.environments.all(), key=lambda one: not one.is_production)


def places(flag: Flag, user: User, now: datetime) -> list[Place]:
    """One per environment of the flag's product, production first."""
    environments = production_first(flag.product)
    may = user.has_role(flag.product, *MAY_CHANGE) and flag.archived_at is None
    serving, killed, under_way = _serving(environments, now), _killed(flag), growth.under_way(flag.claim)
    return [
        Place(
            environment=environment,
            state=state,
            word=word(state),
            rows=rows(definition.complete(flag, state)),
            bound=bool(flag.claim) and environment.is_production,
            under_way=under_way,
            may_change=may,
            serving=serving_in_words(serving.get(environment.pk, []), state.version, _age(state, now)),
            settling=any(has < state.version for _, has in serving.get(environment.pk, [])),
            killed=None if state.enabled else killed.get(environment.slug),
        )
        for environment in environments
        for state in [state_in(flag, environment)]
    ]


def state_in(flag: Flag, environment: Environment) -> FlagState:
    """As it is there; in an environment that is newer than the flag, as it would begin."""
    found = next((state for state in flag.states.all() if state.environment_id == environment.pk), None)
    if found:
        found.flag = flag
        return found
    begins: Any = evaluation.default_targeting(flag.variant_names)
    return FlagState(flag=flag, environment=environment, targeting=begins)


def word(state: FlagState) -> Word:
    """Who has it there, in a word."""
    if not state.enabled:
        return Word(Tone.BAD, "hold", "turned off")
    if state.withheld:
        return Word(Tone.NONE, "lock", "withheld")
    if state.weight and state.carrier == Carrier.BUILD:
        return Word(Tone.LIVE, "route", "follows the route")
    if state.weight:
        return (
            Word(Tone.GOOD, "open", "everybody")
            if state.weight >= FULL
            else Word(Tone.LIVE, "live", as_percent(state.weight))
        )
    if rules.targets(state.targeting):
        return Word(Tone.LIVE, "target", "by pins and rules")
    return Word(Tone.NONE, "ring", "nobody")


def rows(there: Mapping[str, Any]) -> list[Row]:
    """How that definition decides, in the order in which it is asked."""
    targeting = there["targeting"]
    off = targeting["off"]
    found = []
    if not there["enabled"]:
        found.append(Row(phrases.said("Turned off by a person, for everybody"), phrases.code(off), decides=True))
    elif there["withheld"]:
        found.append(Row(phrases.said("Withheld from everybody; all below waits"), phrases.code(off), decides=True))
    found += [Row(_capital(phrases.need(one))) for one in targeting["needs"]]
    found += [Row(pinned) for pinned in phrases.pins(targeting["pins"])]
    for rule in targeting["rules"]:
        serve = rule["serve"]
        found.append(Row(_rule(rule), phrases.gives(serve), on=set(rules.given(serve)) != {off}))
    rest = "Everyone else: " if targeting["pins"] or targeting["rules"] else "Everyone: "
    found.append(Row((Bit(rest), *phrases.exposure(there)), decides=not found or not found[0].decides))
    return found


def _rule(rule: Mapping[str, Any]) -> Phrase:
    asks = phrases.condition(rule["when"])
    return (Bit(f"{rule['name']}: "), *asks) if rule["name"] else _capital(asks)


def _capital(phrase: Phrase) -> Phrase:
    first, *rest = phrase
    return phrase if first.code else (Bit(first.text[:1].upper() + first.text[1:]), *rest)


def claimed_by(flag: Flag) -> str:
    """The address of what claims it (``release:7``); empty if nothing does, or it has no page."""
    kind, _, pk = flag.claim.partition(":")
    try:
        return reverse(kind, args=[int(pk)]) if pk.isdigit() else ""
    except NoReverseMatch:
        return ""


def _serving(environments: Sequence[Environment], now: datetime) -> dict[int, list[tuple[str, int]]]:
    """By environment, the processes that were heard of lately, with the version each holds."""
    recent = ServingProcess.objects.filter(
        environment__in=environments, seen_at__gt=now - timedelta(seconds=COUNTS_SECONDS)
    )
    found: dict[int, list[tuple[str, int]]] = {}
    for environment, process, version in recent.values_list("environment", "process", "version"):
        found.setdefault(environment, []).append((process, version))
    return found


def _age(state: FlagState, now: datetime) -> timedelta:
    """Since when it is what it is; one that was never written has no time."""
    return now - state.changed_at if state.pk else timedelta()


def serving_in_words(held: Sequence[tuple[str, int]], version: int, since: timedelta) -> str:
    """Who still has an older one than `version`, which there has been `since` so long."""
    behind = sorted(process for process, has in held if has < version)
    if not held:
        return "no process serves it at present"
    if behind:
        serve = "serve" if len(behind) > 1 else "serves"
        return f"{' and '.join(behind)} still {serve} an older version, after {span(since)}"
    return f"{len(held)} serving processes have it" if len(held) > 1 else "confirmed"


def _killed(flag: Flag) -> dict[str, AuditEntry]:
    """By environment, the entry of who turned it off there last."""
    if all(state.enabled for state in flag.states.all()):
        return {}
    entries = AuditEntry.objects.filter(subject=f"flag:{flag.pk}", action="flag_killed").select_related("actor")
    newest = entries.prefetch_related("texts").order_by("-at", "-pk")
    return {str(entry.data.get("environment", "")): entry for entry in reversed(newest[:50])}
