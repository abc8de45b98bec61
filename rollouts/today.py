"""What of this room stands on Today: every live rollout, and above them those that wait for a person."""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from core.models import User
from core.today import Work
from core.weights import as_percent
from core.words import ago, span
from releases.models import Release
from rollouts import people, present
from rollouts.choices import RolloutState
from rollouts.facts import RolloutFacts, gather
from rollouts.models import Rollout
from rollouts.panels import live_of


def work(user: User, now: datetime) -> Sequence[Work]:
    """One row per live rollout to watch, and one more where it waits for this person."""
    rows = []
    for rollout in live_of(user):
        facts = gather(rollout, now)
        rows += [*_asked(rollout, facts, user), _moving(rollout, facts)]
    return rows


def _moving(rollout: Rollout, facts: RolloutFacts) -> Work:
    line, following = present.sentence(facts), present.next_box(facts)
    state = facts.state
    ahead = f"Next: {following.line[:1].lower()}{following.line[1:]}."
    return Work(
        group="rollout",
        title=f"{rollout.release}, {rollout.environment}",
        why=f"{line.lead} {line.text}. {ahead}",
        url=reverse("rollout", args=[rollout.pk]),
        act="Watch",
        tone="wait" if facts.silent else state.tone,
        icon="hold" if facts.silent else state.icon,
        word="no data" if facts.silent else as_percent(facts.desired),
        points=present.rail(facts),
        note=f"{span(following.until - facts.now)} to go"
        if following.until
        else f"since {ago(facts.step_since, facts.now)}",
        since=rollout.started_at,
        topic=rollout.subject,
        product=rollout.environment.product_id,
    )


def _asked(rollout: Rollout, facts: RolloutFacts, user: User) -> list[Work]:
    """What this person alone can do about it."""
    release, now = rollout.release, facts.now
    ahead = as_percent(facts.steps[facts.step + 1].weight) if facts.step + 1 < len(facts.steps) else ""
    if facts.state is RolloutState.PAUSED and people.may_start(user, release):
        title, why, act, tone = f"Decide about {release} at {as_percent(facts.desired)}", "", "Decide", "bad"
    elif facts.waits_for_go and user.teams.filter(name=facts.waits_for_go, product=release.product_id).exists():
        title, act, tone = f"Press go for {release} at {ahead}", "Look and go", "wait"
        why = f"This step asks for a person, and you are in {facts.waits_for_go}. "
    else:
        return []
    line = present.sentence(facts)
    return [
        Work(
            group="decision",
            title=title,
            why=f"{why}{line.lead} {line.text}",
            url=reverse("rollout", args=[rollout.pk]),
            act=act,
            tone=tone,
            icon="hold" if tone == "bad" else "waiting",
            word="paused" if tone == "bad" else "waiting",
            meta="frees 1 rollout",
            note=f"since {ago(facts.step_since, now)}",
            since=facts.step_since,
            frees=_features(release),
            sets_free=str(release),
            then=lambda: ahead,
            topic=rollout.subject,
            product=rollout.environment.product_id,
        )
    ]


def _features(release: Release) -> int:
    return release.features.count()
