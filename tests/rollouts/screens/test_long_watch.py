"""A day of readings every ten seconds: the page reads of them what a chart can show, with as many queries as ever."""

import time
from collections.abc import Callable

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from core import clock
from core.models import User
from rollouts import actions, figures
from rollouts.material import read
from rollouts.models import Measurement
from rollouts.screen import page
from tests.rollouts.screens.test_pages import measure
from tests.rollouts.story import Story

pytestmark = pytest.mark.fresh_db

MANY = """
    INSERT INTO rollouts_measurement
        (state_id, fold, at, step, canary, stable, canary_n, stable_n, e_value, bound, verdict)
    SELECT %s, 100 + n, now() - n * interval '1.7 s', n %% 3, 0.01 + 0.001 * (n %% 7), 0.01, 9, 9, 0.4, 80, 'pass'
    FROM generate_series(1, 50000) AS n
"""


def test_fifty_thousand_readings_cost_a_page_no_more_than_ten(
    told: Callable[..., Story], rhea: User, record_property: Callable[[str, object], None]
) -> None:
    rollout = actions.start_rollout(release=told().release, actor=rhea)
    state = measure(rollout)

    def look() -> tuple[int, float]:
        began = time.monotonic()
        with CaptureQueriesContext(connection) as queries:
            context = page(read(rollout.pk, clock.now()), rhea, clock.now())
        render_to_string("rollouts/detail.html#live", {**context, "request": None})
        assert len(context["cards"]) == 1
        return len(queries), time.monotonic() - began

    look()
    before, _ = look()
    with connection.cursor() as cursor:
        cursor.execute(MANY, [state.pk])
        cursor.execute("ANALYZE rollouts_measurement")
    type(rollout).objects.filter(pk=rollout.pk).update(started_at=clock.now() - figures.LONGEST * 12)
    rollout.refresh_from_db()
    look()  # what a fresh row fetches of its relations
    seen = sorted(look() for _ in range(5))
    record_property("panel_ms", round(seen[0][1] * 1000))
    assert {queries for queries, _ in seen} == {before}
    rows = figures.thinned([state.pk], *figures._window(rollout, clock.now()))
    assert 100 < len(rows[state.pk]) <= figures.POINTS + 1
    assert min(took for _, took in seen) < 1.0, "far below this on a quiet machine"
    assert Measurement.objects.filter(state=state).count() > 50_000
