"""The live page of one rollout, put together: every piece from the same facts, read once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from core import sentences
from core.models import AuditEntry, OutboxMessage, User
from core.weights import FULL, as_percent
from core.words import ago, moment, span
from rollouts import figures, people, present
from rollouts.choices import Role, RolloutState, VerdictKind
from rollouts.facts import STALE, RolloutFacts, gather
from rollouts.models import Rollout, Target
from rollouts.presses import presses

LOG_LENGTH = 12


@dataclass(frozen=True, kw_only=True)
class TargetRow:
    """One thing that moves: its name, its state as icon and word, and what it does."""

    glyph: str
    name: str
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


def page(rollout: Rollout, user: User, now: datetime) -> dict[str, Any]:
    """The context of `rollouts/detail.html`."""
    facts = gather(rollout, now)
    targets = list(rollout.targets.all())
    told = list(_messages(rollout))
    log = AuditEntry.objects.filter(stream=rollout.release.subject, subject=rollout.subject)
    cards = figures.cards(facts)
    pressed = presses(rollout, facts, user)
    return {
        "rollout": rollout,
        "facts": facts,
        "line": present.sentence(facts),
        "points": present.rail(facts),
        "next": present.next_box(facts, told=_told(told)),
        "presses": pressed,
        "wants_reason": any(press.wants_reason for press in pressed),
        "cards": cards,
        "tally": _tally(facts),
        "span_text": _span_text(facts),
        "exposure": _exposure(rollout, facts, targets, turns_on=_may_turn_on(rollout, facts, user)),
        "log": [_told_entry(entry) for entry in _newest(log)],
        "log_count": log.count(),
        "account": _account(rollout, facts, told) if facts.state is RolloutState.ROLLED_BACK else (),
    }


def row(rollout: Rollout, now: datetime) -> dict[str, Any]:
    """One line of the list."""
    facts = gather(rollout, now, brief=True)
    word = ("wait", "hold", "no data") if facts.silent else (facts.state.tone, facts.state.icon, facts.state.label)
    return {"rollout": rollout, "line": present.sentence(facts), "points": present.rail(facts), "state": word}


def _messages(rollout: Rollout) -> QuerySet[OutboxMessage]:
    """What people were told about this rollout's end."""
    about = OutboxMessage.objects.filter(subject_key=rollout.release.subject, kind="rollout_rolled_back")
    return about.filter(dedupe__startswith=f"{rollout.subject}:").select_related("recipient").order_by("created_at")


def _newest(log: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    return log.select_related("actor").prefetch_related("texts").order_by("-seq")[:LOG_LENGTH]


def _told_entry(entry: AuditEntry) -> dict[str, Any]:
    """One line of the log, to the second: what happens here happens quickly."""
    told = sentences.describe(entry)
    actor = str(entry.actor) if entry.actor else "Slipway"
    bold = actor if told.form.startswith(actor) else ""
    time = f"{timezone.localtime(entry.at):%H:%M:%S}"
    return {"entry": entry, "told": told, "bold": bold, "rest": told.form.removeprefix(bold), "time": time}


def _tally(facts: RolloutFacts) -> str:
    if facts.state.is_live:
        return f"{facts.passing} of {len(facts.judged)} pass" if facts.judged else ""
    words = [(kind, sum(kpi.verdict == kind for kpi in facts.judged)) for kind in VerdictKind]
    said = ", ".join(f"{count} {kind.label}" for kind, count in words if count)
    return f"{said} when it stopped" if said else ""


def _span_text(facts: RolloutFacts) -> str:
    zone = f"{timezone.localtime(facts.now):%Z}"
    return f"times in {zone}"


def _exposure(rollout: Rollout, facts: RolloutFacts, targets: Sequence[Target], *, turns_on: bool) -> Exposure:
    carriers = [target for target in targets if target.role == Role.CARRIES]
    observed = [target.observed for target in carriers]
    known = [weight for weight in observed if weight is not None]
    confirmed = max(known) if known and len(known) == len(observed) else None
    tone, icon, word = _agreement(facts, targets)
    back = facts.state is RolloutState.ROLLED_BACK
    took = facts.restored_at - facts.ended_at if back and facts.restored_at and facts.ended_at else None
    return Exposure(
        tone=tone,
        icon=icon,
        word=word,
        intended=facts.desired,
        confirmed=confirmed,
        text=_agreement_text(facts, targets),
        targets=[_row(rollout, facts, target, back=back, turns_on=turns_on) for target in targets],
        is_way_back=back,
        took=present.seconds(took) if took is not None else "",
    )


def _agreement(facts: RolloutFacts, targets: Sequence[Target]) -> tuple[str, str, str]:
    heard = [target.observed_at for target in targets if target.observed_at]
    if facts.state.is_live and heard and facts.now - min(heard) > STALE:
        return "wait", "warn", f"not asked for {span(facts.now - min(heard))}"
    if facts.all_confirmed:
        return "good", "open", "confirmed"
    if any(target.problem for target in facts.targets):
        return "wait", "warn", "not confirmed"
    return "live", "live", "sending"


def _agreement_text(facts: RolloutFacts, targets: Sequence[Target]) -> str:
    asked = [target.observed_at for target in targets if target.observed_at]
    said = f", asked {ago(min(asked), facts.now)}" if asked else ""
    nobody = f" Nobody has {facts.candidate}." if facts.desired == 0 and facts.all_confirmed else ""
    return f"{facts.confirmed} of {_targets(len(targets))} confirmed{said}.{nobody}"


def _row(rollout: Rollout, facts: RolloutFacts, target: Target, *, back: bool, turns_on: bool) -> TargetRow:
    is_flag = target.router == "flag"
    tone, icon, word = _target_state(target)
    if back and target.is_confirmed and target.confirmed_at:
        word = present.seconds(target.confirmed_at - target.desired_at)
    product = rollout.environment.product.slug
    return TargetRow(
        glyph="flag" if is_flag else "route",
        name=target.key if is_flag else f"{target.router.capitalize()} route {target.key}",
        suffix=(" off" if is_flag else f" to {facts.stable}") if back else "",
        url=reverse("flag", args=[product, target.key]) if is_flag else "",
        tone=tone,
        icon=icon,
        word=word,
        sub=_sub(target, facts, back=back),
        turn_on=reverse("rollout-flag-on", args=[rollout.pk, target.key]) if turns_on and target.turned_off else "",
    )


def _may_turn_on(rollout: Rollout, facts: RolloutFacts, user: User) -> bool:
    going = facts.state.is_live and facts.state is not RolloutState.PAUSED
    return going and bool(facts.turned_off) and people.may_start(user, rollout.release)


def _target_state(target: Target) -> tuple[str, str, str]:
    if target.turned_off:
        return "wait", "hold", "turned off"
    if target.is_confirmed:
        return (
            "good",
            "open",
            "follows" if target.role == Role.FOLLOWS and target.desired else as_percent(target.desired),
        )
    if target.problem:
        return ("bad", "fail", "no answer") if target.observed is None else ("wait", "warn", "sent again")
    return "live", "live", "sending"


def _sub(target: Target, facts: RolloutFacts, *, back: bool) -> str:
    if target.turned_off:
        return _turned_off(target)
    if target.problem and not target.is_confirmed:
        return target.problem
    if target.is_confirmed and target.confirmed_at:
        confirmed = f"confirmed {present.clock(target.confirmed_at)}"
        if back:
            return confirmed
        return f"{_duty(target, facts)}; {confirmed}"
    return f"{as_percent(target.desired)} intended, not confirmed for {span(facts.now - target.desired_at)}"


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


def _told(messages: Sequence[OutboxMessage]) -> str:
    """Who was told, and when the last of them: as a sentence."""
    names = sorted({str(message.recipient) for message in messages})
    if not names:
        return "Nobody was told: nobody has a role that hears of it."
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    first = min(message.created_at for message in messages)
    waiting = sum(message.sent_at is None and message.failed_at is None for message in messages)
    failed = sum(message.failed_at is not None for message in messages)
    pending = f"; {waiting} of {len(messages)} mails are still on their way" if waiting else ""
    pending += f"; {failed} could not be delivered" if failed else ""
    return f"{listed} {'was' if len(names) == 1 else 'were'} told at {present.clock(first)}{pending}."


def _what(rollout: Rollout, facts: RolloutFacts) -> str:
    version = f"{facts.candidate} of {rollout.release}" if facts.stable else str(rollout.release)
    return f"{version}; everybody is {facts.way_back} again" if facts.restored_at else version


def _seen(facts: RolloutFacts) -> str:
    users = max((kpi.users for kpi in facts.kpis), default=0)
    return f"; {users} of its users were seen there" if users else ""


def _targets(count: int) -> str:
    return "1 target" if count == 1 else f"{count} targets"


def _account(rollout: Rollout, facts: RolloutFacts, told: Sequence[OutboxMessage]) -> list[tuple[str, str]]:
    """What, where, how much, since when, and who was told: the page answers by itself."""
    reached = facts.steps[facts.step].weight if 0 <= facts.step < len(facts.steps) else 0
    ended = facts.ended_at or facts.now
    until = present.clock(facts.restored_at) if facts.restored_at else "not yet confirmed back"
    return [
        ("What", _what(rollout, facts)),
        ("Where", f"{rollout.environment}, {_targets(len(facts.targets))}"),
        ("How much", f"{as_percent(reached)} at most, for {span(ended - facts.step_since)}{_seen(facts)}"),
        ("Since when", f"{moment(facts.started_at)} until {until}"),
        ("Why", " ".join(facts.reasons) or "Somebody asked for it."),
        ("Who was told", _told(told)),
    ]
