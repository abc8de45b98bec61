"""The buttons of a rollout: only what is legal now, for this person. The actions check again."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.models import User
from rollouts import people
from rollouts.choices import RolloutState
from rollouts.facts import RolloutFacts
from rollouts.models import Rollout


@dataclass(frozen=True, kw_only=True)
class Press:
    """One button. `url` is the name of its address, `key` the key that presses it, `style` its modifier."""

    url: str
    word: str
    icon: str
    style: str = ""
    key: str = ""
    wants_reason: bool = False


HOLD = Press(url="rollout-hold", word="Hold", icon="hold", key="h", wants_reason=True)
RESUME = Press(url="rollout-resume", word="Resume", icon="play", style="primary", wants_reason=True)
GO = Press(url="rollout-go", word="Press go", icon="play", style="primary")
ROLL_BACK = Press(url="rollout-roll-back", word="Roll back", icon="back", style="ink", key="r", wants_reason=True)


def presses(rollout: Rollout, facts: RolloutFacts, user: User) -> list[Press]:
    """What `user` may press now, the way back last."""
    return list(_legal(rollout, facts, user)) if facts.state.is_live else []


def _legal(rollout: Rollout, facts: RolloutFacts, user: User) -> Iterator[Press]:
    stops = people.may_stop(user, rollout.release)
    if facts.state is RolloutState.PAUSED:
        if people.may_start(user, rollout.release):
            yield RESUME
    elif stops and facts.state is not RolloutState.WATCH:
        yield HOLD
    if facts.waits_for_go and _may_go(rollout, facts.waits_for_go, user):
        yield GO
    if stops:
        yield ROLL_BACK


def _may_go(rollout: Rollout, team: str, user: User) -> bool:
    return user.teams.filter(product=rollout.release.product_id, name=team).exists()
