"""What of this room stands on Today: live rollouts, and those that wait for a person first."""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from core.models import User
from core.today import Work
from core.weights import as_percent
from rollouts import people, present
from rollouts.choices import RolloutState
from rollouts.facts import RolloutFacts, gather
from rollouts.models import Rollout
from rollouts.panels import live_of


def work(user: User, now: datetime) -> Sequence[Work]:
    """One row per live rollout; a decision where it waits for this person, otherwise something to watch."""
    return [_row(rollout, gather(rollout, now, brief=True), user) for rollout in live_of(user)]


def _row(rollout: Rollout, facts: RolloutFacts, user: User) -> Work:
    line = present.sentence(facts)
    asked = _asked(rollout, facts, user)
    state = facts.state
    return Work(
        group="decision" if asked else "rollout",
        title=f"{rollout.release} at {as_percent(facts.desired)}",
        why=f"{line.lead} {line.text}" + (f" → {line.then}" if line.then else ""),
        url=reverse("rollout", args=[rollout.pk]),
        act=asked or "Watch",
        tone="wait" if facts.silent else state.tone,
        icon="hold" if facts.silent else state.icon,
        word="no data" if facts.silent else state.label,
        meta=str(rollout.environment),
        since=rollout.started_at,
        frees=1 if asked else 0,
    )


def _asked(rollout: Rollout, facts: RolloutFacts, user: User) -> str:
    """What this person alone can do about it; empty if nothing."""
    if facts.state is RolloutState.PAUSED and people.may_start(user, rollout.release):
        return "Decide"
    if facts.waits_for_go and user.teams.filter(name=facts.waits_for_go, product=rollout.release.product_id).exists():
        return "Press go"
    return ""
