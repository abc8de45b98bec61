"""A live rollout on Today: there to watch for all, and above that to decide for who can."""

from core import clock, today
from core.models import User
from rollouts import actions
from rollouts.models import Rollout
from rollouts.today import work
from tests.rollouts.story import Story


def test_it_is_there_to_watch_and_once_more_to_decide_for_who_can(
    at_five: tuple[Story, Rollout], tomas: User, otto: User
) -> None:
    story, rollout = at_five
    [row] = work(story.rhea, clock.now())
    assert (row.group, row.word, row.topic) == ("rollout", "5\u00a0%", rollout.subject) or row.word == "no data"
    assert row.points
    actions.hold(rollout=rollout, actor=story.rhea, reason="looks odd")
    asked, moving = work(story.rhea, clock.now())
    assert (asked.group, asked.act, moving.group) == ("decision", "Decide", "rollout")
    assert asked.title == "Decide about Search 2.0 at 5\u00a0%"
    assert [one.group for one in work(tomas, clock.now())] == ["rollout"]
    assert work(otto, clock.now()) == []
    assert today.Day(work(story.rhea, clock.now())).counts == {"today": 1, "testing": 0, "rollouts": 1}
