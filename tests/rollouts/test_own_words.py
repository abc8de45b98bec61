"""P7: what people say when they stop or go back is kept where it can be erased."""

from core.erasure import erase_person
from rollouts import actions
from rollouts.models import Reason, Rollout
from tests.rollouts.story import Story


def test_p7_a_persons_words_are_shown_and_can_be_erased(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    actions.hold(rollout=rollout, actor=story.emil, reason="my dog ate it")
    rollout.refresh_from_db()
    assert rollout.reasons == [] and rollout.why == [f"{story.emil}: my dog ate it"]
    actions.roll_back(rollout=rollout, actor=story.emil, reason="customers call me at home")
    rollout.refresh_from_db()
    assert rollout.why == [f"{story.emil}: customers call me at home"]
    name = str(story.emil)
    erase_person(person=story.emil)
    row = Rollout.objects.get(pk=rollout.pk)
    assert not Reason.objects.exclude(text="").exists()
    everything = f"{row.why} {row.reasons} {row.cause}"
    assert "home" not in everything and "dog" not in everything and name not in everything
