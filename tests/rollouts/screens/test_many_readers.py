"""Many look at one rollout: what is the same for all is read once, and what changed is seen by the very next."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.models import User
from rollouts import actions, judging
from rollouts.choices import RolloutState
from rollouts.models import KpiState, Rollout, Target
from tests.queries import cost
from tests.rollouts.screens.test_pages import Browser, measure, text_of
from tests.rollouts.story import Story

pytestmark = pytest.mark.fresh_db
MOST = 6
"""Queries: the session, the person, the clock, whether the rollout may be seen and is as it was, what one may press."""


@pytest.fixture
def live(told: Callable[..., Story], rhea: User) -> Rollout:
    rollout = actions.start_rollout(release=told().release, actor=rhea)
    measure(rollout)
    return rollout


def test_whoever_looks_at_an_unchanged_rollout_after_another_costs_next_to_nothing(
    live: Rollout, rhea: User, tomas: User, quinn: User, browser_of: Browser
) -> None:
    first, *later = [cost(partial(text_of, browser_of(who), live)) for who in (rhea, tomas, quinn, rhea)]
    assert max(later) <= MOST < first, (first, later)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rollout, rhea: actions.hold(rollout=rollout, actor=rhea, reason="looks odd"), "looks odd"),
        (lambda rollout, rhea: actions.roll_back(rollout=rollout, actor=rhea, reason="enough"), "enough"),
        (lambda rollout, _: Target.objects.filter(rollout=rollout).update(observed=0), "Going to 5 %"),
        (lambda rollout, _: Target.objects.filter(rollout=rollout).update(problem="told to wait"), "Going to 5 %"),
        (lambda rollout, _: Rollout.objects.filter(pk=rollout.pk).update(state=RolloutState.HELD), "Held at 5 %"),
        (lambda rollout, _: KpiState.objects.filter(rollout=rollout).update(verdict="no_data"), "0 of 1 pass"),
    ],
)
def test_a_change_is_seen_by_the_next_reader_whatever_was_read_before(
    live: Rollout, rhea: User, tomas: User, browser_of: Browser, change: Callable[[Rollout, User], object], said: str
) -> None:
    client = browser_of(tomas)
    assert said not in text_of(client, live)
    change(live, rhea)
    assert said in text_of(client, live)


def test_nothing_of_one_reader_reaches_another(live: Rollout, rhea: User, tomas: User, browser_of: Browser) -> None:
    User.objects.filter(pk=rhea.pk).update(timezone="Asia/Tokyo")
    User.objects.filter(pk=tomas.pk).update(timezone="America/New_York")
    hers, his = text_of(browser_of(rhea), live), text_of(browser_of(tomas), live)
    assert ("times in JST" in hers, "Roll back" in hers, "EST" in hers) == (True, True, False)
    assert ("times in E" in his, "Roll back" in his, "JST" in his) == (True, False, False)


def test_who_may_not_see_it_is_not_shown_what_another_read(
    live: Rollout, rhea: User, otto: User, browser_of: Browser
) -> None:
    text_of(browser_of(rhea), live)
    assert browser_of(otto).get(f"/rollouts/{live.pk}/").status_code == 404


def test_p3_silence_is_seen_though_nothing_was_written(
    live: Rollout, rhea: User, browser_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Healthy at 5 %" in text_of(browser_of(rhea), live)
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "no data for 6 min" in text_of(browser_of(rhea), live)


def test_plain_readings_are_told_together_and_a_verdict_at_once(live: Rollout) -> None:
    row, at = KpiState.objects.get(rollout=live), clock.now()
    due = 0
    for second in range(20):
        due += judging._is_due(row, at + timedelta(seconds=second + 1))
        row.folded_at = at + timedelta(seconds=second + 1)
    assert due in {3, 4, 5}


@pytest.mark.parametrize("path", ["/rollouts/{0}/", "/releases/{1}/", "/", "/waiting/", "/rollouts/"])
def test_p6_a_live_fetch_writes_nothing_at_all(live: Rollout, rhea: User, browser_of: Browser, path: str) -> None:
    client = browser_of(rhea)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path.format(live.pk, live.release_id), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    asked = [query["sql"] for query in queries]
    assert asked and [sql for sql in asked if not sql.startswith("SELECT")] == []
    assert [sql for sql in asked if "FOR UPDATE" in sql or "nextval" in sql] == []
    assert "Set-Cookie" not in answer.headers and not answer.cookies.get("sessionid")
