"""P4: whoever decided hears by mail what changed, once, whatever changed it and however often somebody looks."""

from datetime import UTC, datetime, timedelta

import pytest

from approvals import rules
from approvals.actions import submit_release, to_look_at
from approvals.choices import News
from approvals.models import Told, Watch
from approvals.tasks import tell_changes as task
from core import clock
from core.models import AuditEntry, OutboxMessage
from releases import actions as releases
from tests.approvals.world import STEPS, World

A = {"features": "1", "plan": "1"}
B = {"features": "1", "plan": "2"}
C = {"features": "2", "plan": "2"}


@pytest.mark.parametrize(
    ("signed", "told", "now", "wording", "covers", "news"),
    [
        (A, A, A, [], [], None),
        (A, A, B, [], [], News.FELL),
        (A, B, B, [], [], None),
        (A, B, C, [], [], News.FELL),
        (A, B, A, [], [], News.STANDS),
        (A, A, A, ["plan"], [], News.WORDING),
        (A, A, A, ["plan"], ["plan"], News.WORDING),
        (A, A, A, ["plan"], ["features"], None),
        (A, A, B, [], ["features"], None),
        (A, A, B, [], ["plan"], News.FELL),
        (A, B, C, [], ["plan"], None),
        (A, B, A, [], ["features"], None),
        (A, B, B, ["features"], [], None),
        (A, A, {**A, "tests": "1"}, [], [], News.FELL),
    ],
)
def test_p4_what_is_news(
    signed: dict[str, str],
    told: dict[str, str],
    now: dict[str, str],
    wording: list[str],
    covers: list[str],
    news: News | None,
) -> None:
    assert rules.news(signed, told, now, wording, covers) is news


@pytest.mark.parametrize(
    ("kinds", "seen", "known", "settled"),
    [
        ({News.FELL}, 14, 14, False),
        ({News.FELL}, 15, 15, True),
        ({News.FELL}, 1, 119, False),
        ({News.FELL}, 1, 120, True),
        ({News.WORDING}, 299, 3000, False),
        ({News.WORDING}, 300, 300, True),
        ({News.WORDING, News.FELL}, 15, 15, True),
        ({News.STANDS}, 15, 15, True),
    ],
)
def test_p4_several_quick_edits_settle_first(kinds: set[News], seen: int, known: int, settled: bool) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    since, seen_at = now - timedelta(seconds=known), now - timedelta(seconds=seen)
    assert rules.is_settled(kinds, seen_at=seen_at, since=since, now=now) is settled


def way_back(world: World, text: str) -> None:
    releases.change_release(release=world.release, way_back=text, actor=world.rhea)


def test_p4_who_is_concerned_hears_what_changed_and_nobody_else(world: World) -> None:
    way_back(world, "By hand, in two hours.")
    assert world.look() == [] and world.mails() == {}, "not before it settled"
    assert len(world.settle()) == 2
    subject = "Search 2.0 changed: your signature for {} no longer counts"
    assert world.mails() == {"Bea": [subject.format("Business")], "Ines": [subject.format("Compliance")]}
    mail = OutboxMessage.objects.get(kind="signoff_changed", recipient=world.bea)
    for words in (
        "Way back: One click, to 1.9.4. No data is lost. → By hand, in two hours.",
        "decide again on the same page",
        f"/approve/{world.asked('Business').pk}/",
        "signs nothing",
    ):
        assert words in mail.text
    assert "By hand, in two hours." in mail.html and "Read and decide" in mail.html
    manager = OutboxMessage.objects.get(kind="signoff_stages")
    assert manager.recipient == world.rhea
    assert manager.subject == "Search 2.0: decisions of Business and Compliance fell away"
    assert AuditEntry.objects.get(action="signoff_fell").data["stages"] == "Business and Compliance"


def test_p4_however_often_one_looks_it_is_told_once(world: World) -> None:
    way_back(world, "By hand.")
    world.settle()
    before = OutboxMessage.objects.count(), AuditEntry.objects.count(), Told.objects.count()
    for _ in range(3):
        world.settle()
    assert (OutboxMessage.objects.count(), AuditEntry.objects.count(), Told.objects.count()) == before


def test_p4_quick_edits_are_one_mail(world: World) -> None:
    for text in ("One", "Two", "Three"):
        way_back(world, text)
        assert world.look() == []
    world.plan(steps=STEPS[1:])
    world.settle()
    assert {name: len(mails) for name, mails in world.mails().items()} == {"Bea": 1, "Ines": 1}
    text = OutboxMessage.objects.get(kind="signoff_changed", recipient=world.ines).text
    assert "Three" in text and "Two" not in text and "Rollout plan: 5 → 100 % → 100 %" in text


def test_p4_who_keeps_editing_keeps_it_from_nobody_for_long(world: World) -> None:
    way_back(world, "One")
    world.look()
    Watch.objects.update(since=clock.now() - rules.AT_LATEST)
    way_back(world, "Two")
    assert len(world.look()) == 2


def test_p4_a_further_change_is_told_again(world: World) -> None:
    way_back(world, "One")
    world.settle()
    way_back(world, "Two")
    world.settle()
    assert {name: len(mails) for name, mails in world.mails().items()} == {"Bea": 2, "Ines": 2}


def test_p4_a_change_that_was_taken_back_before_anybody_heard_is_not_told(world: World) -> None:
    before = world.fresh.way_back
    way_back(world, "One")
    world.look()
    way_back(world, before)
    assert world.settle() == [] and world.mails() == {}


def test_p4_a_change_that_is_taken_back_says_that_the_signature_counts_again(world: World) -> None:
    before = world.fresh.way_back
    way_back(world, "One")
    world.settle()
    way_back(world, before)
    assert world.granted() == {"Business", "QA", "Compliance"}
    world.settle()
    assert world.mails()["Bea"][-1] == "Search 2.0 changed: your signature for Business counts again"
    assert world.mails("signoff_stages")["Rhea"][-1] == "Search 2.0: Business and Compliance count again"
    way_back(world, "One")
    world.settle()
    assert len(world.mails()["Bea"]) == 3, "and falls again with the next change"


def test_p4_wording_only_notifies_whom_it_concerns(world: World) -> None:
    releases.change_feature(feature=world.typo, description="finds jacket", actor=world.rhea)
    assert world.settle(timedelta(minutes=1)) == [], "mere words wait longer"
    world.settle()
    still = "Search 2.0 changed: your signature for {} still counts"
    assert world.mails() == {"Bea": [still.format("Business")], "Quinn": [still.format("QA")]}
    mail = OutboxMessage.objects.get(kind="signoff_changed", recipient=world.bea)
    assert "finds jaket → finds jacket" in mail.text and "nothing to do" in mail.text
    assert world.mails("signoff_stages") == {}
    world.settle()
    assert len(world.mails()["Bea"]) == 1


def test_p4_a_refusal_falls_too(world: World) -> None:
    world.sign("Business", world.bea, "refuse", "no way back")
    way_back(world, "One click, rehearsed.")
    world.settle()
    assert world.mails()["Bea"] == ["Search 2.0 changed: your refusal for Business no longer counts"]


def test_p4_who_took_the_signature_back_is_left_alone(world: World) -> None:
    world.sign("Business", world.bea, "revoke", "the numbers")
    way_back(world, "One")
    world.settle()
    assert set(world.mails()) == {"Ines"}


def test_p4_who_was_asked_again_has_heard_it_there(world: World) -> None:
    way_back(world, "By hand.")
    submit_release(release=world.fresh, actor=world.rhea)
    asked = OutboxMessage.objects.filter(kind="signoff", recipient=world.bea).order_by("-created_at")[0]
    assert asked.subject == "Please sign again for Business: Search 2.0" and "→ By hand." in asked.text
    world.settle()
    assert set(world.mails()) == {"Ines"}, "Compliance comes later and was not asked again"


def test_p4_what_somebody_signed_again_is_not_told(world: World) -> None:
    way_back(world, "By hand.")
    world.sign("Business", world.bea)
    world.settle()
    assert world.mails() == {}
    assert world.mails("signoff")["Ines"][-1] == "Please sign again for Compliance: Search 2.0", "whose turn it is"


def test_p4_progress_is_told_to_nobody(world: World) -> None:
    releases.report_check(build=world.next_build, kind="regression", status="fail", actor=world.emil)
    releases.set_status(release=world.release, status="validation", actor=world.rhea)
    assert world.settle() == []


def test_p4_only_what_may_have_changed_is_looked_at(world: World) -> None:
    assert to_look_at() == [world.release.pk], "it was never looked at"
    task()
    assert to_look_at() == []
    way_back(world, "One")
    assert to_look_at() == [world.release.pk]
    task()
    assert to_look_at() == [world.release.pk], "something is to be told and has not settled"
    world.settle()
    task()
    assert to_look_at() == []
    Watch.objects.update(looked_at=clock.now() - timedelta(hours=1))
    assert to_look_at() == [world.release.pk], "whatever the record says, now and then"
    releases.cancel_release(release=world.fresh, reason="no", actor=world.rhea)
    assert to_look_at() == []


def test_p8_a_finished_or_busy_release_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("approvals.tasks.actions.to_look_at", lambda: [world.release.pk])
    releases.cancel_release(release=world.fresh, reason="no", actor=world.rhea)
    task()
    assert world.mails() == {}
