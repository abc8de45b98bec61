"""A killed flag of a live rollout: a person's decision, and only the rollout turns it on again."""

import pytest
from django.test import Client
from django.urls import reverse

from core import clock
from core.errors import Conflict, Forbidden, Refused
from core.models import AuditEntry
from flags import actions as flag_actions
from flags.models import FlagState
from releases import actions as releases
from rollouts import actions, engine
from rollouts.choices import RolloutState
from rollouts.models import Rollout, Target
from tests.rollouts.hands import baked
from tests.rollouts.story import Story, run_until


def killed(story: Story, rollout: Rollout) -> str:
    flag = story.flags[0]
    flag_actions.kill(flag=flag, environment=rollout.environment, actor=story.rhea, reason="it looks odd")
    engine.tick([rollout.pk])
    rollout.refresh_from_db()
    return flag.key


def test_a_killed_flag_holds_growth_and_says_whose_decision_it_is(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    key = killed(story, rollout)
    assert rollout.state == RolloutState.HELD
    assert "turned off by a person" in rollout.reasons[0] and key in rollout.reasons[0]
    assert actions.advance(rollout=baked(rollout)) is False
    before = Target.objects.get(rollout=rollout, key=key)
    engine.tick([rollout.pk])
    after = Target.objects.get(rollout=rollout, key=key)
    assert after.turned_off and after.attempts == before.attempts, "what a person turned off is not sent again"


def test_p1_only_the_rollout_turns_it_on_again_and_the_step_bakes_anew(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    key, since = killed(story, rollout), rollout.baked_since
    with pytest.raises(Refused, match="only through its rollout"):
        flag_actions.enable(flag=story.flags[0], environment=rollout.environment, actor=story.rhea)
    with pytest.raises(Forbidden):
        actions.reenable_flag(rollout=rollout, key=key, actor=story.emil)
    actions.reenable_flag(rollout=rollout, key=key, actor=story.rhea)
    assert FlagState.objects.get(flag=story.flags[0], environment=rollout.environment).enabled
    run_until(rollout, lambda row: row.baked_since is not None)
    assert since is not None and rollout.baked_since is not None and rollout.baked_since > since
    assert rollout.state == RolloutState.RUNNING and rollout.step == 0
    with pytest.raises(Conflict, match="on already"):
        actions.reenable_flag(rollout=rollout, key=key, actor=story.rhea)
    with pytest.raises(Refused, match="moves no flag"):
        actions.reenable_flag(rollout=rollout, key="other", actor=story.rhea)
    assert AuditEntry.objects.filter(subject=rollout.subject, action="rollout_flag_on", data__key=key).count() == 1


def test_p1_turning_it_on_asks_every_gate_and_not_under_a_pause(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    key = killed(story, rollout)
    freeze = releases.add_freeze(
        product=story.release.product,
        reason="Black Friday",
        starts_at=clock.now(),
        ends_at=clock.now().replace(year=2099),
        actor=story.rhea,
    )
    with pytest.raises(Refused, match="Freeze"):
        actions.reenable_flag(rollout=rollout, key=key, actor=story.rhea)
    releases.lift_freeze(freeze=freeze, actor=story.rhea)
    actions.hold(rollout=rollout, actor=story.rhea, reason="let me look")
    with pytest.raises(Conflict, match="paused"):
        actions.reenable_flag(rollout=rollout, key=key, actor=story.rhea)
    assert not FlagState.objects.get(flag=story.flags[0], environment=rollout.environment).enabled


def test_p2_everybody_goes_back_with_a_killed_flag_too(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    key = killed(story, rollout)
    actions.roll_back(rollout=rollout, actor=story.rhea, reason="customers call")
    rollout.refresh_from_db()
    assert rollout.restored_at is not None
    with pytest.raises(Conflict, match="ended"):
        actions.reenable_flag(rollout=rollout, key=key, actor=story.rhea)


def test_the_page_says_who_turned_it_off_and_offers_to_turn_it_on(
    at_five: tuple[Story, Rollout], client: Client
) -> None:
    story, rollout = at_five
    key = killed(story, rollout)
    url, press = reverse("rollout", args=[rollout.pk]), reverse("rollout-flag-on", args=[rollout.pk, key])
    client.force_login(story.emil)
    page = client.get(url).content.decode()
    assert f"turned off by {story.rhea}" in page and press not in page
    assert client.post(press).status_code == 403
    client.force_login(story.rhea)
    assert press in client.get(url).content.decode()
    assert client.post(press).status_code == 303
    run_until(rollout, lambda row: row.baked_since is not None)
    assert press not in client.get(url).content.decode()


def test_the_log_of_a_rollout_says_who_killed_a_flag_under_it(at_five: tuple[Story, Rollout], client: Client) -> None:
    story, rollout = at_five
    key = killed(story, rollout)
    elsewhere = rollout.environment.product.environments.exclude(pk=rollout.environment_id).first()
    assert elsewhere is not None
    flag_actions.kill(flag=story.flags[0], environment=elsewhere, actor=story.rhea)
    client.force_login(story.rhea, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/rollouts/{rollout.pk}/").content.decode()
    assert f"turned {key} off for everybody in {rollout.environment.slug}" in page
    assert f"off for everybody in {elsewhere.slug}" not in page
