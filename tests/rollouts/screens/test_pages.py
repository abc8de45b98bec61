"""The pages of a rollout, as each person meets them: over real rows, without JavaScript."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import clock
from core.models import OutboxMessage, User
from rollouts import actions
from rollouts.choices import RolloutState, VerdictKind
from rollouts.material import read
from rollouts.models import KpiState, Measurement, Rollout
from rollouts.screen import page
from tests.rollouts.story import Story

pytestmark = pytest.mark.fresh_db
Browser = Callable[[User], Client]


@pytest.fixture
def live(told: Callable[..., Story], rhea: User) -> Rollout:
    return actions.start_rollout(release=told().release, actor=rhea)


def measure(rollout: Rollout, canary: float = 0.01, age: float = 1, verdict: str = "pass") -> KpiState:
    """What the judge would have left behind: ten readings, the newest `age` seconds old."""
    now = clock.now() - timedelta(seconds=age)
    state = rollout.kpi_states.get()
    began = now - timedelta(seconds=12)
    Rollout.objects.filter(pk=rollout.pk).update(started_at=began, step_since=began, baked_since=began)
    rollout.targets.update(observed=rollout.desired, observed_at=now, confirmed_at=began)
    Measurement.objects.bulk_create(
        Measurement(
            state=state,
            fold=number,
            at=now - timedelta(seconds=10 - number),
            step=0,
            canary=canary,
            stable=0.01,
            e_value=0.4,
            bound=80,
            verdict=verdict,
        )
        for number in range(1, 11)
    )
    rollout.refresh_from_db()
    assert rollout.baked_since is not None
    state.verdict, state.newest_at, state.folded_at, state.reason = verdict, now, now, "No evidence of harm."
    state.numbers = {"since": rollout.baked_since.timestamp(), "may_roll_back": True}
    state.save()
    return state


def text_of(client: Client, rollout: Rollout, **headers: str) -> str:
    response = client.get(reverse("rollout", args=[rollout.pk]), headers=headers)
    assert response.status_code == 200
    return response.content.decode().replace("\u00a0", " ")


def test_the_page_says_the_state_shows_the_kpi_and_offers_the_way_back(
    live: Rollout, rhea: User, browser_of: Browser
) -> None:
    measure(live)
    text = text_of(browser_of(rhea), live)
    assert "Healthy at 5 %:" in text
    assert 'role="img"' in text
    assert 'aria-label="Failed searches: pass. canary 2.0 1 percent, stable 1.9 1 percent"' in text
    assert f'formaction="{reverse("rollout-roll-back", args=[live.pk])}"' in text


def test_p3_old_readings_are_shown_as_no_data_and_held(live: Rollout, rhea: User, browser_of: Browser) -> None:
    measure(live, age=360)
    text = text_of(browser_of(rhea), live)
    assert "no data for 6 min" in text
    assert "Held at 5 %:" in text
    assert "0 of 1 pass" in text
    assert "chart__gap" in text


def test_an_outsider_finds_nothing(live: Rollout, otto: User, browser_of: Browser) -> None:
    client = browser_of(otto)
    assert client.get(reverse("rollout", args=[live.pk])).status_code == 404
    assert client.post(reverse("rollout-roll-back", args=[live.pk])).status_code == 404
    assert "Search 2.0" not in client.get(reverse("rollouts")).content.decode()


def test_a_tester_may_look_but_is_offered_nothing_and_refused(live: Rollout, tomas: User, browser_of: Browser) -> None:
    client = browser_of(tomas)
    assert "formaction" not in text_of(client, live)
    assert client.post(reverse("rollout-roll-back", args=[live.pk])).status_code == 403
    live.refresh_from_db()
    assert live.state == RolloutState.RUNNING


def test_hold_and_resume_by_plain_forms(live: Rollout, rhea: User, browser_of: Browser) -> None:
    client = browser_of(rhea)
    answer = client.post(reverse("rollout-hold", args=[live.pk]), {"reason": "Looking at a graph."})
    assert (answer.status_code, answer["Location"]) == (303, reverse("rollout", args=[live.pk]))
    text = text_of(client, live)
    assert "Paused at 5 %:" in text
    assert "Looking at a graph" in text
    assert "Resume" in text
    assert client.post(reverse("rollout-resume", args=[live.pk])).status_code == 303
    live.refresh_from_db()
    assert live.state == RolloutState.RUNNING


def test_the_releases_first_line_is_its_rollouts(live: Rollout, rhea: User, browser_of: Browser) -> None:
    actions.hold(rollout=live, actor=rhea, reason="errors look odd")
    page = browser_of(rhea).get(f"/releases/{live.release_id}/").content.decode()
    first = page[page.index('class="sentence__text"') :][:200]
    assert "Paused" in first and "every gate is open" not in first


def test_p2_the_way_back_is_one_press_and_wants_no_reason(live: Rollout, rhea: User, browser_of: Browser) -> None:
    assert browser_of(rhea).post(reverse("rollout-roll-back", args=[live.pk])).status_code == 303
    live.refresh_from_db()
    assert (live.state, live.desired) == (RolloutState.ROLLED_BACK, 0)
    assert "without a reason given" in live.why[0]


def test_p12_a_reason_that_is_too_long_is_refused_and_nothing_is_written(
    live: Rollout, rhea: User, browser_of: Browser
) -> None:
    answer = browser_of(rhea).post(reverse("rollout-hold", args=[live.pk]), {"reason": "x" * 301})
    assert answer.status_code == 422
    live.refresh_from_db()
    assert live.state == RolloutState.RUNNING


def test_p6_reading_never_presses(live: Rollout, rhea: User, browser_of: Browser) -> None:
    client = browser_of(rhea)
    for name in ("rollout-hold", "rollout-resume", "rollout-roll-back", "rollout-go"):
        assert client.get(reverse(name, args=[live.pk])).status_code == 405
    assert client.get(reverse("rollout-start", args=[live.release_id])).status_code == 405


def test_a_rolled_back_page_answers_what_where_how_much_since_when_and_who_was_told(
    live: Rollout, rhea: User, browser_of: Browser
) -> None:
    measure(live, canary=0.3, verdict=VerdictKind.FAIL)
    cause = {"kpi": "Failed searches", "canary": 0.3, "stable": 0.01}
    actions.roll_back(rollout=live, actor=None, reason="Failed searches: 30 % against 1 %.", cause=cause)
    text = text_of(browser_of(rhea), live)
    for said in ("What happened", "2.0 of Search 2.0", "Storefront production", "5 % at most", "Since when"):
        assert said in text
    assert "Failed searches: 30 % against 1 %" in text
    assert "chart__event--bad" in text
    told = OutboxMessage.objects.filter(kind="rollout_rolled_back")
    assert told
    for message in told:
        assert message.recipient.name in text


def test_htmx_gets_the_live_part_alone(live: Rollout, rhea: User, browser_of: Browser) -> None:
    client = browser_of(rhea)
    response = client.get(reverse("rollout", args=[live.pk]), headers={"HX-Request": "true"})
    text = response.content.decode()
    assert (
        "<html" not in text and 'id="read" hx-swap-oob="true"' in text and '<div class="stack-4" id="rollout"' in text
    )
    assert "HX-Request" in response["Vary"]


def test_the_list_needs_as_many_queries_for_many_ended_rollouts_as_for_few(
    live: Rollout, rhea: User, browser_of: Browser
) -> None:
    actions.roll_back(rollout=live, actor=rhea, reason="Once.")
    client = browser_of(rhea)
    client.get(reverse("rollouts"))
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("rollouts")).status_code == 200
        counts.append(len(queries))
        Rollout.objects.create(
            release=live.release,
            environment=live.environment,
            state=RolloutState.ROLLED_BACK,
            seal=live.seal,
            pinned=live.pinned,
            step=0,
            step_since=live.step_since,
            started_by=rhea,
            started_at=live.started_at,
            ended_at=clock.now(),
        )
    assert counts[0] == counts[1]


def test_the_page_needs_a_constant_number_of_queries(live: Rollout, rhea: User) -> None:
    measure(live)
    with CaptureQueriesContext(connection) as queries:
        context = page(read(live.pk, clock.now()), rhea, clock.now())
    assert len(context["cards"][0].picture.chart.canary) == 1
    assert len(queries) < 100


def test_without_a_go_nobody_but_the_team_is_asked(
    told: Callable[..., Story], rhea: User, bea: User, browser_of: Browser
) -> None:
    team = bea.teams.get()
    rollout = actions.start_rollout(release=told(go_team=team).release, actor=rhea)
    measure(rollout)
    assert "Press go" in text_of(browser_of(bea), rollout)
    assert "Press go" not in text_of(browser_of(rhea), rollout)
    assert browser_of(bea).post(reverse("rollout-go", args=[rollout.pk])).status_code == 303
    assert rollout.gos.get().by == bea


def test_start_is_refused_with_the_gate_that_is_shut(
    told: Callable[..., Story], rhea: User, browser_of: Browser
) -> None:
    release = told().release
    release.way_back = ""
    release.save()
    answer = browser_of(rhea).post(reverse("rollout-start", args=[release.pk]))
    assert answer.status_code == 422
    assert reverse("release", args=[release.pk]) in answer.content.decode(), "the way back is a page, not the press"
    assert not Rollout.objects.exists()


def test_start_leads_to_the_live_page(told: Callable[..., Story], rhea: User, browser_of: Browser) -> None:
    release = told().release
    client = browser_of(rhea)
    assert "Start the rollout" in client.get(reverse("release", args=[release.pk])).content.decode()
    answer = client.post(reverse("rollout-start", args=[release.pk]))
    assert answer["Location"] == reverse("rollout", args=[Rollout.objects.get().pk])
    assert "Start the rollout" not in client.get(reverse("release", args=[release.pk])).content.decode()


def test_today_shows_what_is_live_and_asks_only_who_can_decide(
    live: Rollout, rhea: User, tomas: User, browser_of: Browser
) -> None:
    actions.hold(rollout=live, actor=rhea, reason="A look.")
    for person, asked in ((rhea, True), (tomas, False)):
        text = browser_of(person).get(reverse("today")).content.decode()
        assert "Paused at" in text
        assert (">Decide" in text) is asked
