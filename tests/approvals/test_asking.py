"""Questions before a decision, their answers, and reminders."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from approvals.actions import answer, ask, remind, submit_release
from approvals.models import Decision, Policy, Remark, RemarkText, SignoffRequest
from approvals.today import work
from core import clock
from core.erasure import erase_person
from core.errors import Conflict, Forbidden, Refused
from core.models import AuditEntry, OutboxMessage, User
from releases.models import Release
from tests.approvals.test_signing import gates, sign

BrowserOf = Callable[[User], Client]
HOW_LONG = "How long are search terms kept?"


@pytest.fixture
def asked(release: Release, policy: Policy, rhea: User) -> SignoffRequest:
    submit_release(release=release, actor=rhea)
    return SignoffRequest.objects.get(stage__name="Business")


def test_a_question_reaches_the_manager_and_its_answer_the_asker(asked: SignoffRequest, rhea: User, bea: User) -> None:
    question = ask(request=asked, person=bea, text=f" {HOW_LONG} ")
    mail = OutboxMessage.objects.get(kind="signoff_question")
    assert mail.recipient == rhea and mail.subject == "Bea Okafor asks about Search 2.0" and HOW_LONG in mail.text
    assert f"/approve/{asked.pk}/#question-{question.pk}" in mail.text
    gate = gates(asked.release)["Business"]
    assert gate.sentence == "Not signed yet. One question of Bea Okafor is unanswered."
    assert (gate.who, gate.act, gate.url) == ("Rhea Lind", "Answer", f"/approve/{asked.pk}/#question-{question.pk}")
    [row] = [row for row in work(rhea, clock.now()) if row.act == "Answer"]
    assert row.title == "Answer Bea Okafor about Search 2.0" and row.why == f"“{HOW_LONG}”" and row.frees == 1
    answer(question=question, actor=rhea, text="30 days.")
    back = OutboxMessage.objects.get(kind="signoff_answer")
    assert back.recipient == bea and "30 days." in back.text and HOW_LONG in back.text
    assert gates(asked.release)["Business"].sentence == "Not signed yet."
    assert [row.act for row in work(rhea, clock.now())] == []
    assert not Decision.objects.exists()
    with pytest.raises(Conflict, match="Rhea Lind answered that already"):
        answer(question=question, actor=rhea, text="31 days.")


@pytest.mark.parametrize("who", ["tomas", "quinn", "rhea"])
def test_only_who_may_sign_asks(who: str, asked: SignoffRequest, tomas: User, request: pytest.FixtureRequest) -> None:
    with pytest.raises(Forbidden):
        ask(request=asked, person=request.getfixturevalue(who), text=HOW_LONG)
    assert not Remark.objects.exists()


def test_only_who_runs_releases_answers(asked: SignoffRequest, bea: User, emil: User) -> None:
    question = ask(request=asked, person=bea, text=HOW_LONG)
    for person in (bea, emil):
        with pytest.raises(Forbidden):
            answer(question=question, actor=person, text="x")


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001])
def test_p12_a_question_of_no_or_too_many_words_is_refused(text: str, asked: SignoffRequest, bea: User) -> None:
    with pytest.raises(Refused) as refused:
        ask(request=asked, person=bea, text=text)
    assert refused.value.field == "text" and not Remark.objects.exists()


def test_the_same_question_twice_is_one(asked: SignoffRequest, bea: User) -> None:
    ask(request=asked, person=bea, text=HOW_LONG)
    with pytest.raises(Conflict, match="asked that already"):
        ask(request=asked, person=bea, text=HOW_LONG)
    assert Remark.objects.count() == 1


def test_asking_leaves_the_gate_of_who_signed_open(asked: SignoffRequest, bea: User) -> None:
    ask(request=asked, person=bea, text=HOW_LONG)
    sign(asked, bea)
    assert gates(asked.release)["Business"].sentence == "Approved what is to ship now."


def test_p7_what_was_asked_can_be_erased_and_the_record_holds(asked: SignoffRequest, bea: User, rhea: User) -> None:
    question = ask(request=asked, person=bea, text=HOW_LONG)
    assert HOW_LONG not in str(vars(question))
    entry = AuditEntry.objects.get(action="signoff_question")
    assert HOW_LONG not in str(entry.data) and entry.texts.get().text == HOW_LONG
    for table in ("approvals_remark", "approvals_delegation", "approvals_told"):
        with pytest.raises(Exception, match="permission denied"), connection.cursor() as cursor:
            cursor.execute("SAVEPOINT p7")
            try:
                cursor.execute(f"DELETE FROM {table}")
            finally:
                cursor.execute("ROLLBACK TO SAVEPOINT p7")
    mails = OutboxMessage.objects.filter(kind="signoff_question", recipient=rhea)
    mails.update(sent_at=clock.now())
    erase_person(person=bea)
    assert (mails.get().subject, mails.get().text, mails.get().html) == ("(erased)", "", "")
    assert RemarkText.objects.get().text == "" and entry.texts.get().text == ""
    assert AuditEntry.objects.get(pk=entry.pk).data["text_hashes"]["question"]


def test_asking_and_answering_by_form(
    asked: SignoffRequest, bea: User, rhea: User, tomas: User, otto: User, browser_of: BrowserOf
) -> None:
    address = f"/approve/{asked.pk}/"
    assert "Ask Rhea Lind" in browser_of(bea).get(address).content.decode()
    assert "Ask Rhea Lind" not in browser_of(tomas).get(address).content.decode()
    assert browser_of(otto).post(f"{address}ask/", {"text": HOW_LONG}).status_code == 404
    assert browser_of(tomas).post(f"{address}ask/", {"text": HOW_LONG}).status_code == 403
    assert browser_of(bea).post(f"{address}ask/", {"text": " "}).status_code == 422
    assert browser_of(bea).post(f"{address}ask/", {"text": HOW_LONG}).status_code == 303
    question = Remark.objects.get()
    assert HOW_LONG in browser_of(tomas).get(address).content.decode()
    answers = f"/questions/{question.pk}/answer/"
    assert "Your answer to Bea Okafor" in browser_of(rhea).get(address).content.decode()
    assert browser_of(otto).post(answers, {"text": "x"}).status_code == 404
    assert browser_of(bea).post(answers, {"text": "x"}).status_code == 403
    assert browser_of(rhea).post(answers, {"text": ""}).status_code == 422
    assert browser_of(rhea).post(answers, {"text": "30 days."}).status_code == 303
    page = browser_of(bea).get(address).content.decode()
    assert "30 days." in page and "Your signature, for Business:" in page


def test_a_reminder_reaches_whom_it_waits_for_once_a_day(
    asked: SignoffRequest, rhea: User, bea: User, quinn: User, ines: User
) -> None:
    assert set(remind(release=asked.release, actor=rhea)) == {bea, quinn}
    mails = OutboxMessage.objects.filter(kind="signoff_reminder")
    assert {mail.recipient for mail in mails} == {bea, quinn}
    mine = mails.get(recipient=bea)
    assert "Rhea Lind reminds you" in mine.text and f"/approve/{asked.pk}/" in mine.text
    assert AuditEntry.objects.filter(action="signoff_reminded").count() == 2
    with pytest.raises(Conflict, match="Nobody to remind"):
        remind(release=asked.release, actor=rhea)
    sign(asked, bea)
    mails.update(created_at=clock.now() - timedelta(days=1, minutes=1))
    assert remind(release=asked.release, actor=rhea) == [quinn]


def test_who_waits_for_an_answer_is_not_reminded(asked: SignoffRequest, rhea: User, bea: User, quinn: User) -> None:
    ask(request=asked, person=bea, text=HOW_LONG)
    assert remind(release=asked.release, actor=rhea) == [quinn]


def test_only_who_runs_releases_reminds(
    asked: SignoffRequest, rhea: User, bea: User, otto: User, browser_of: BrowserOf
) -> None:
    address, page = f"/releases/{asked.release_id}/remind/", f"/releases/{asked.release_id}/"
    assert browser_of(otto).post(address).status_code == 404
    assert browser_of(bea).post(address).status_code == 403
    assert address in browser_of(rhea).get(page).content.decode()
    assert address not in browser_of(bea).get(page).content.decode()
    assert browser_of(rhea).post(address).status_code == 303
    assert address not in browser_of(rhea).get(page).content.decode(), "nobody is left to remind"
    assert browser_of(rhea).post(address).status_code == 409
