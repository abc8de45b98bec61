"""The live page of one rollout, put together: every piece from the same facts, read once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core import sentences
from core.models import AuditEntry, OutboxMessage, User
from core.weights import as_percent
from core.words import moment, span
from rollouts import figures, present
from rollouts.choices import RolloutState, VerdictKind
from rollouts.exposure import exposure
from rollouts.facts import RolloutFacts, gather
from rollouts.material import Material
from rollouts.models import Rollout
from rollouts.presses import presses


def page(material: Material, user: User, now: datetime) -> dict[str, Any]:
    """The context of `rollouts/detail.html`, in the words, the zone and with the buttons of `user`."""
    rollout, told = material.rollout, material.told
    facts = gather(rollout, now, material.spans)
    pressed = presses(rollout, facts, user)
    return {
        "rollout": rollout,
        "facts": facts,
        "line": present.sentence(facts),
        "say": present.said(facts),
        "points": present.rail(facts),
        "next": present.next_box(facts, told=_told(told)),
        "presses": pressed,
        "wants_reason": any(press.wants_reason for press in pressed),
        "cards": figures.cards(facts, material.readings),
        "tally": _tally(facts),
        "span_text": figures.window_in_words(facts),
        "read": figures.read_in_words(facts),
        "exposure": exposure(rollout, facts, user),
        "log": [_told_entry(entry, now) for entry in material.log],
        "log_count": material.log_count,
        "account": _account(rollout, facts, told) if facts.state is RolloutState.ROLLED_BACK else (),
    }


def row(rollout: Rollout, now: datetime) -> dict[str, Any]:
    """One line of the list."""
    facts = gather(rollout, now)
    word = ("wait", "hold", "no data") if facts.silent else (facts.state.tone, facts.state.icon, facts.state.label)
    return {
        "rollout": rollout,
        "line": present.sentence(facts),
        "points": present.rail(facts),
        "state": word,
        "next": present.next_box(facts) if facts.state.is_live else None,
    }


def _told_entry(entry: AuditEntry, now: datetime) -> dict[str, Any]:
    """One line of the log, today to the second: what happens here happens quickly."""
    told = sentences.describe(entry)
    actor = str(entry.actor) if entry.actor else "Slipway"
    bold = actor if told.form.startswith(actor) else ""
    time = present.time(entry.at, now)
    return {"entry": entry, "told": told, "bold": bold, "rest": told.form.removeprefix(bold), "time": time}


def _tally(facts: RolloutFacts) -> str:
    if facts.state.is_live:
        return f"{facts.passing} of {len(facts.judged)} pass" if facts.judged else ""
    words = [(kind, sum(kpi.verdict == kind for kpi in facts.judged)) for kind in VerdictKind]
    said = ", ".join(f"{count} {kind.label}" for kind, count in words if count)
    return f"{said} when it stopped" if said else ""


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


def _account(rollout: Rollout, facts: RolloutFacts, told: Sequence[OutboxMessage]) -> list[tuple[str, str]]:
    """What, where, how much, since when, and who was told: the page answers by itself."""
    reached = facts.steps[facts.step].weight if 0 <= facts.step < len(facts.steps) else 0
    ended = facts.ended_at or facts.now
    until = f" until {present.clock(facts.restored_at)}" if facts.restored_at else ", not yet confirmed back"
    return [
        ("What", _what(rollout, facts)),
        ("Where", f"{rollout.environment}, {present.targets(len(facts.targets))}"),
        ("How much", f"{as_percent(reached)} at most, for {span(ended - facts.step_since)}.{present.seen(facts)}"),
        ("Since when", f"{moment(facts.started_at)}{until}"),
        ("Why", " ".join(facts.reasons) or "Somebody asked for it."),
        ("Who was told", _told(told)),
    ]
