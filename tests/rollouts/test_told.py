"""Who hears of a pause and of a rollback, and what the mail answers by itself."""

from core.models import OutboxMessage, User
from rollouts import actions
from rollouts.models import Rollout
from tests.rollouts.story import Story


def of(kind: str) -> dict[str, OutboxMessage]:
    return {message.recipient.email: message for message in OutboxMessage.objects.filter(kind=kind)}


def test_a_pause_and_a_rollback_reach_all_who_had_a_part_in_it(
    at_five: tuple[Story, Rollout], tomas: User, otto: User
) -> None:
    story, rollout = at_five
    actions.hold(rollout=rollout, actor=story.rhea, reason="looks odd")
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
    for kind in ("rollout_paused", "rollout_rolled_back"):
        told = of(kind)
        assert {story.rhea.email, story.emil.email, story.bea.email} <= told.keys()
        assert not {tomas.email, otto.email} & told.keys()
    assert story.bea.email not in of("rollout_started")


def test_the_mail_answers_what_where_how_much_since_when_and_why(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    why = "Failed searches: 12 % of canary users affected against 1 %."
    actions.roll_back(rollout=rollout, actor=None, reason=why)
    message = of("rollout_rolled_back")[story.bea.email]
    for text in (message.text, message.html):
        assert "Search 2.0, version 2.0" in text
        assert "Storefront production" in text
        assert "5\u00a0% of users, step 1 of 3" in text
        assert "started" in text and ", until" in text
        assert why in text
    assert "by itself" in message.text
