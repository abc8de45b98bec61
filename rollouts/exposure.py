"""The column of what moves: intent above what was confirmed, and each target with what its router said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from core.choices import Tone
from core.models import AuditEntry, User
from core.weights import FULL, as_percent
from core.words import ago, span
from rollouts import people, present
from rollouts.choices import Role, RolloutState
from rollouts.facts import STALE, RolloutFacts, target_name
from rollouts.models import Rollout, Target

Word = tuple[str, str, str]
"""Tone, icon and word."""


@dataclass(frozen=True, kw_only=True)
class TargetRow:
    """One thing that moves: its name, its state as icon and word, and what it does."""

    glyph: str
    name: str
    is_flag: bool
    suffix: str
    url: str
    tone: str
    icon: str
    word: str
    sub: str
    turn_on: str = ""
    """Where its button posts to that turns it on again; empty without one."""


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """Intent above what was confirmed. Differing bars must catch the eye."""

    tone: str
    icon: str
    word: str
    intended: int
    confirmed: int | None
    text: str
    targets: Sequence[TargetRow]
    is_way_back: bool = False
    took: str = ""

    @property
    def intended_share(self) -> float:
        return round(self.intended * 100 / FULL, 2)

    @property
    def confirmed_share(self) -> float:
        return round((self.confirmed or 0) * 100 / FULL, 2)


def exposure(rollout: Rollout, facts: RolloutFacts, user: User) -> Exposure:
    """What stands in the column, for `user`, who may turn flags on again if the release is theirs to start."""
    targets = list(rollout.targets.all())
    observed = [target.observed for target in targets if target.role == Role.CARRIES]
    known = [weight for weight in observed if weight is not None]
    tone, icon, word = _agreement(facts, targets)
    back = facts.state is RolloutState.ROLLED_BACK
    took = facts.restored_at - facts.ended_at if back and facts.restored_at and facts.ended_at else None
    turns_on = _may_turn_on(rollout, facts, user)
    return Exposure(
        tone=tone,
        icon=icon,
        word=word,
        intended=facts.desired,
        confirmed=max(known) if known and len(known) == len(observed) else None,
        text=_agreement_text(facts, targets),
        targets=[_row(rollout, facts, target, turns_on=turns_on) for target in targets],
        is_way_back=back,
        took=present.seconds(took) if took is not None else "",
    )


def target_state(target: Target, now: datetime) -> Word:
    """How one target stands, as icon and word: what its router said last, and whether it still says anything."""
    if target.turned_off:
        return Tone.WAIT, "hold", "turned off"
    if target.is_confirmed:
        follows = target.role == Role.FOLLOWS and target.desired > 0
        return Tone.GOOD, "open", "follows" if follows else as_percent(target.desired)
    if target.problem and (target.observed_at is None or now - target.observed_at > present.SILENT_ROUTER):
        return Tone.BAD, "fail", "no answer"
    if target.confirmed_at and target.observed != target.desired:
        return Tone.WAIT, "warn", "drifted, sent again"
    return Tone.LIVE, "live", "sending"


def _agreement(facts: RolloutFacts, targets: Sequence[Target]) -> Word:
    heard = [target.observed_at for target in targets if target.observed_at]
    states = [target_state(target, facts.now) for target in targets]
    if facts.state.is_live and heard and facts.now - min(heard) > STALE:
        return Tone.WAIT, "warn", f"not heard of for {span(facts.now - min(heard))}"
    if facts.all_confirmed:
        return Tone.GOOD, "open", "confirmed"
    worst = next((state for state in states if state[0] in {Tone.WAIT, Tone.BAD}), None)
    return (Tone.WAIT, "warn", "not confirmed") if worst else (Tone.LIVE, "live", "sending")


def _agreement_text(facts: RolloutFacts, targets: Sequence[Target]) -> str:
    asked = [target.observed_at for target in targets if target.observed_at]
    ended = facts.state is RolloutState.COMPLETED
    said = f", asked {ago(min(asked), facts.now)}" if asked and not ended else ""
    nobody = f" Nobody has {facts.candidate}." if facts.desired == 0 and facts.all_confirmed else ""
    seen = present.seen(facts) if facts.desired else ""
    return f"{facts.confirmed} of {present.targets(len(targets))} confirmed{said}.{nobody}{seen}"


def _row(rollout: Rollout, facts: RolloutFacts, target: Target, *, turns_on: bool) -> TargetRow:
    is_flag = target.router == "flag"
    back = facts.state is RolloutState.ROLLED_BACK
    tone, icon, word = target_state(target, facts.now)
    if back and target.is_confirmed and target.confirmed_at:
        word = present.seconds(target.confirmed_at - target.desired_at)
    product = rollout.environment.product.slug
    return TargetRow(
        glyph="flag" if is_flag else "route",
        name=target_name(target),
        is_flag=is_flag,
        suffix=(" off" if is_flag else f" to {facts.stable}") if back else "",
        url=reverse("flag", args=[product, target.key]) if is_flag else "",
        tone=tone,
        icon=icon,
        word=word,
        sub=_sub(target, facts),
        turn_on=reverse("rollout-flag-on", args=[rollout.pk, target.key]) if turns_on and target.turned_off else "",
    )


def _may_turn_on(rollout: Rollout, facts: RolloutFacts, user: User) -> bool:
    going = facts.state.is_live and facts.state is not RolloutState.PAUSED
    return going and bool(facts.turned_off) and people.may_start(user, rollout.release)


def _sub(target: Target, facts: RolloutFacts) -> str:
    if target.turned_off:
        return _turned_off(target)
    if target.is_confirmed and target.confirmed_at:
        confirmed = f"confirmed {present.clock(target.confirmed_at)}"
        return confirmed if facts.state is RolloutState.ROLLED_BACK else f"{_duty(target, facts)}; {confirmed}"
    wanted = f"{as_percent(target.desired)} intended, "
    if target.problem:
        return target.problem
    if target.confirmed_at and target.observed is not None:
        return f"{wanted}found at {as_percent(target.observed)}"
    return f"{wanted}not confirmed for {span(facts.now - target.desired_at)}"


def _turned_off(target: Target) -> str:
    """Whose decision it was, and when: the newest kill of this flag there."""
    kills = AuditEntry.objects.filter(
        action="flag_killed",
        data__key=target.key,
        data__environment=target.environment.slug,
        stream=target.rollout.release.subject,
    )
    kill = kills.select_related("actor").order_by("-seq").first()
    return f"turned off by {kill.actor or 'Slipway'}, {present.clock(kill.at)}" if kill else "turned off by a person"


def _duty(target: Target, facts: RolloutFacts) -> str:
    return f"on for whoever {facts.candidate} serves" if target.role == Role.FOLLOWS else Role(target.role).label
