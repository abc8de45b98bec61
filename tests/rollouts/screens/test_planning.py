"""The rollout plan written by hand: a page of rows, without scripts, refused where it is wrong."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core import clock
from core.models import User
from core.weights import FULL
from releases.gates import Question
from rollouts import gates
from rollouts.choices import OnBreach, Role
from rollouts.forms import LengthField
from rollouts.models import Plan
from rollouts.seal import plan as sealed
from tests.rollouts.story import Story

pytestmark = pytest.mark.fresh_db
Browser = Callable[[User], Client]


@pytest.fixture
def signed(told: Callable[..., Story]) -> Story:
    return told(bake=60, watch=60)


@pytest.fixture
def writer(signed: Story, browser_of: Browser) -> tuple[Client, str]:
    return browser_of(signed.rhea), reverse("rollout-plan", args=[signed.release.pk])


def fields(signed: Story, **changes: Any) -> dict[str, Any]:
    """The form as its page shows it for the plan there is, with some fields typed over."""
    plan = signed.plan
    rows: dict[str, Any] = {
        "environment": plan.environment_id,
        "slot": plan.slot_id,
        "stable_slot": plan.stable_slot_id,
        "watch": "1 min",
        **{f"{kind}-INITIAL_FORMS": "0" for kind in ("step", "route", "kpi")},
        "step-TOTAL_FORMS": "3",
        "route-TOTAL_FORMS": "1",
        "kpi-TOTAL_FORMS": "1",
        "route-0-router": "route",
        "route-0-key": "search",
        "kpi-0-name": "Failed searches",
        "kpi-0-source": "visits",
        "kpi-0-bad": "failed",
        "kpi-0-bound": "500",
        "kpi-0-canary": "green",
        "kpi-0-stable": "blue",
        "kpi-0-compare": "on",
        "kpi-0-breach": "30 s",
        "kpi-0-on_breach": "roll_back",
    }
    for number, percent in enumerate(("5", "25", "100")):
        rows |= {f"step-{number}-percent": percent, f"step-{number}-bake": "1 min", f"step-{number}-min_users": "1"}
    return {name: value for name, value in {**rows, **changes}.items() if value is not None}


def test_the_same_plan_written_again_is_the_same_seal(signed: Story, writer: tuple[Client, str]) -> None:
    client, url = writer
    before = sealed(signed.release).digest
    shown = client.get(url).content.decode()
    assert "Bea" in shown and "voids that" in shown, "whoever changes a signed plan is told first"
    assert client.post(url, fields(signed)).status_code == 303
    assert sealed(signed.release).digest == before


def test_a_plan_is_written_and_can_be_carried_out(signed: Story, writer: tuple[Client, str]) -> None:
    client, url = writer
    Plan.objects.all().delete()
    assert "Another step" in client.get(url).content.decode()
    typed = fields(signed, **{"kpi-0-limit": "2.5", "step-1-percent": "", "step-0-bake": "1 h 30 min", "watch": "1 d"})
    assert client.post(url, typed).status_code == 303
    plan = Plan.objects.get()
    assert [(step.weight, step.bake_seconds) for step in plan.steps.all()] == [(5_000, 5_400), (FULL, 60)]
    assert {(one.router, one.role) for one in plan.targets.all()} == {("route", Role.CARRIES), ("flag", Role.FOLLOWS)}
    kpi = plan.kpis.get()
    assert (kpi.limit, kpi.compare, kpi.on_breach, plan.watch_seconds) == (0.025, True, OnBreach.ROLL_BACK, 86_400)
    (gate,) = gates.plan(Question(release=signed.release, now=clock.now()))
    assert gate.is_open, gate.sentence


def test_the_second_of_two_writers_is_told_and_loses_nothing(signed: Story, writer: tuple[Client, str]) -> None:
    client, url = writer
    read = re.search(r'name="based_on" value="(\d+)"', client.get(url).content.decode())
    assert read
    assert client.post(url, fields(signed, based_on=read[1], watch="2 min")).status_code == 303
    theirs = sealed(signed.release).digest
    refused = client.post(url, fields(signed, based_on=read[1], watch="7 min"))
    assert refused.status_code == 409 and sealed(signed.release).digest == theirs
    kept = refused.content.decode()
    again = re.search(r'name="based_on" value="(\d+)"', kept)
    assert "Somebody wrote another plan meanwhile" in kept and 'value="7 min"' in kept and again
    assert client.post(url, fields(signed, based_on=again[1], watch="7 min")).status_code == 303
    assert Plan.objects.get().watch_seconds == 420


def test_without_a_route_the_flags_carry(signed: Story, writer: tuple[Client, str]) -> None:
    client, url = writer
    client.post(url, fields(signed, **{"route-0-router": ""}))
    assert {one.role for one in Plan.objects.get().targets.all()} == {Role.CARRIES}


def test_what_the_form_does_not_show_of_a_kpi_stays(signed: Story, writer: tuple[Client, str]) -> None:
    client, url = writer
    signed.plan.kpis.update(warm_up_seconds=7, tolerance_ppm=9, on_no_data=OnBreach.ROLL_BACK)
    client.post(url, fields(signed, **{"kpi-0-breach": "45 s"}))
    kpi = Plan.objects.get().kpis.get()
    kept = (kpi.warm_up_seconds, kpi.tolerance_ppm, kpi.on_no_data, kpi.breach_seconds)
    assert kept == (7, 9, OnBreach.ROLL_BACK, 45)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"step-1-percent": "4"}, "more users than the one before"),
        ({"step-2-percent": "50"}, "not 100"),
        ({"step-0-percent": "101"}, "less than or equal to 100"),
        ({"step-0-bake": "a while"}, "Say how long with a unit"),
        ({"step-0-bake": "9999999 d"}, "At most 365 days"),
        ({"watch": ""}, "required"),
        ({"route-0-router": "haproxy"}, "not one of the available choices"),
        ({"route-0-key": ""}, "required"),
        ({"kpi-0-compare": None}, "Give a limit or compare it"),
        ({"kpi-0-limit": "200"}, "less than or equal to 100"),
        ({"kpi-0-source": "nobody"}, "not one of the available choices"),
        ({"environment": "0"}, "not one of the available choices"),
        ({"step-TOTAL_FORMS": "999"}, "at most 12"),
        ({"step-TOTAL_FORMS": "x"}, "ManagementForm data is missing"),
    ],
)
def test_p12_what_is_wrong_is_said_beside_it_and_nothing_is_written(
    signed: Story, writer: tuple[Client, str], changes: dict[str, Any], says: str
) -> None:
    client, url = writer
    answer = client.post(url, fields(signed, **changes))
    assert answer.status_code == 422
    assert says in answer.content.decode().replace("\u00a0", " ")
    assert Plan.objects.get() == signed.plan


@pytest.mark.parametrize("count", ["²", "9" * 5000, "-1", "x"])
def test_p12_a_count_of_rows_that_is_none_breaks_nothing(count: str, signed: Story, writer: tuple[Client, str]) -> None:
    client, url = writer
    assert client.post(url, {**fields(signed), "more": "step", "step-TOTAL_FORMS": count}).status_code == 200
    assert client.post(url, {**fields(signed), "step-TOTAL_FORMS": count}).status_code == 422


def test_a_row_more_is_one_press_and_writes_nothing(signed: Story, writer: tuple[Client, str]) -> None:
    client, url = writer
    for kind in ("step", "route", "kpi"):
        answer = client.post(url, fields(signed, more=kind))
        assert answer.status_code == 200
        count = int(fields(signed)[f"{kind}-TOTAL_FORMS"])
        assert f'name="{kind}-{count}-' in answer.content.decode()
    assert Plan.objects.get() == signed.plan


def test_who_may_not_write_it_reads_it(signed: Story, tomas: User, otto: User, browser_of: Browser) -> None:
    url = reverse("rollout-plan", args=[signed.release.pk])
    shown = browser_of(tomas).get(url)
    assert shown.status_code == 200 and b">Write the plan<" not in shown.content.split(b"</form>")[-2][-400:]
    assert browser_of(tomas).post(url, fields(signed)).status_code == 403
    assert browser_of(otto).get(url).status_code == 404


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("18 s", 18), ("2h", 7_200), ("1 h 30 min", 5_400), ("1\u00a0d", 86_400), ("1 D", 86_400), ("90 min", 5_400)],
)
def test_a_length_is_read_as_it_is_shown(typed: str, seconds: int) -> None:
    field = LengthField()
    assert field.clean(typed) == seconds
    assert field.clean(field.prepare_value(seconds)) == seconds
