"""Histories: what came of one cause stands in one line, lines fit a glance, and the record behind them stays whole."""

from datetime import timedelta

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from core import audit, sentences, words
from core.models import AuditEntry, User
from core.sentences import Told

DIGEST = "sha256:69b7…511c"


def wrote(action: str, actor: User | None = None, **data: object) -> AuditEntry:
    with transaction.atomic():
        return audit.record(stream="release:1", actor=actor, action=action, subject="flag:1", data=data)


def moved(key: str, to: str = f"whoever {DIGEST} serves") -> AuditEntry:
    return wrote("flag_moved", key=key, to=to, environment="production")


def newest_first() -> list[AuditEntry]:
    return list(AuditEntry.objects.order_by("-at", "-id").select_related("actor").prefetch_related("texts"))


def told(**names: str) -> list[Told]:
    return sentences.tell(newest_first(), {DIGEST: "2.0.0"})


@pytest.mark.django_db
def test_what_one_step_caused_is_one_line() -> None:
    for key in ("search-typo", "search-instant", "search-ranking"):
        moved(key)
        wrote("freeze_lifted")  # something else in between does not part them
    lines = told()
    assert [(line.count, line.bold + line.rest) for line in lines if line.entry.action == "flag_moved"] == [
        (3, "3 flags are on for whoever 2.0.0 serves in production")
    ]
    assert len(lines) == 4, "only what has a word for several is folded"
    assert AuditEntry.objects.count() == 6


@pytest.mark.django_db
def test_what_differs_or_lies_apart_is_told_apart() -> None:
    moved("search-typo", "5 %")
    moved("search-typo", "25 %")
    assert [line.rest for line in told()] == [f"search-typo is on for {to} in production" for to in ("25 %", "5 %")]
    entries = newest_first()
    entries[1].at = entries[0].at - sentences.ONE_CAUSE - timedelta(seconds=1)
    entries[1].data = entries[0].data
    assert len(sentences.tell(entries)) == 2


@pytest.mark.django_db
def test_two_people_who_do_the_same_are_two_lines(rhea: User, emil: User) -> None:
    for person in (rhea, emil, rhea):
        wrote("feature_added", person)
    assert [(line.bold, line.rest) for line in told()] == [
        ("Rhea Lind", " added 2 features"),
        ("Emil Sand", " added the feature “…”"),
    ]


@pytest.mark.django_db
def test_a_history_costs_the_same_for_one_person_and_for_many(
    rhea: User, emil: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for person in (rhea, emil):
        wrote("role_granted", rhea, person=person.pk, role="tester")
    entries = newest_first()
    with django_assert_num_queries(1):
        lines = sentences.tell(entries)
    assert [line.rest for line in lines] == [" made Emil Sand tester", " made Rhea Lind tester"]


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("All of it.", 40, "All of it."),
        (
            "No data for 30 min, longer than planned. No traffic for 1814 s.",
            44,
            "No data for 30 min, longer than planned",
        ),
        ("The first. The second. The third and last.", 25, "The first. The second"),
        ("one sentence that goes on, and on, and on", 30, "one sentence that goes on…"),
        ("x" * 50, 20, "x" * 20 + "…"),
    ],
)
def test_brief_keeps_whole_sentences_then_whole_words(text: str, most: int, kept: str) -> None:
    assert words.brief(text, most) == kept
