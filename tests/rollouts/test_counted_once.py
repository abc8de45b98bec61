"""P8: of two ticks that read the same news one counts it. P3: a pass is about the weight it was gathered under."""

import time

from django.db import transaction

from core import clock
from core.models import AuditEntry
from rollouts import actions, judging, standing
from rollouts.models import KpiState, Measurement, Rollout
from tests.rollouts.hands import baked
from tests.rollouts.story import Story, run_until, visitors


def test_p8_the_same_news_read_by_two_ticks_is_counted_once(at_five: tuple[Story, Rollout]) -> None:
    story, rollout = at_five
    with visitors(story.log):
        run_until(rollout, lambda row: row.kpi_states.get().cursor != "")
    before = KpiState.objects.select_related("kpi").get(rollout=rollout)
    rows = Measurement.objects.count()
    with visitors(story.log):
        time.sleep(0.3)
    one, other = (judging._read(rollout, before, clock.now()) for _ in range(2))
    assert one.cursor == other.cursor != before.cursor
    with transaction.atomic():
        judging._fold(rollout, one, clock.now())
        judging._fold(rollout, other, clock.now())
    after = KpiState.objects.get(pk=before.pk)
    assert (after.folds, after.cursor) == (before.folds + 1, one.cursor)
    assert Measurement.objects.count() <= rows + 1
    with visitors(story.log):
        time.sleep(0.3)
    newer = judging._read(rollout, after, clock.now())
    with transaction.atomic():
        judging._fold(rollout, newer, clock.now())
        judging._fold(rollout, other, clock.now())
    latest = KpiState.objects.get(pk=before.pk)
    assert (latest.folds, latest.cursor) == (before.folds + 2, newer.cursor), "a late fold must not rewind it"


def test_p8_a_step_is_confirmed_once_however_many_saw_it(at_five: tuple[Story, Rollout]) -> None:
    _, rollout = at_five
    late = Rollout.objects.select_related("release").get(pk=rollout.pk)
    late.baked_since = None
    assert standing.confirm(late) is False
    assert AuditEntry.objects.filter(subject=rollout.subject, action="rollout_confirmed").count() == 1


def test_p3_a_pass_under_the_weight_before_is_none_under_this_one(at_five: tuple[Story, Rollout]) -> None:
    _, rollout = at_five
    looked = baked(rollout)
    state = KpiState.objects.get(rollout=rollout)
    state.numbers = {**state.numbers, "since": state.numbers["since"] - 60}
    state.save()
    assert actions.advance(rollout=looked) is False
    state.numbers = {**state.numbers, "since": state.numbers["since"] + 60}
    state.save()
    assert actions.advance(rollout=looked) is True
