"""P8: a message is written with its fact, delivered at least once, and a repeated delivery is recognisable."""

import os
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from core import outbox
from core.models import AuditEntry, OutboxMessage, User
from core.sentences import describe
from tests.conftest import FreshDatabase
from tests.core.mailbox import Mailbox, due, tell
from tests.services import ROOT


def test_p8_the_same_fact_is_told_once(mailbox: Mailbox, rhea: User, bea: User) -> None:
    assert len(tell(rhea)) == 1
    assert [message.recipient for message in tell(rhea, bea)] == [bea]
    assert outbox.deliver_due() == 2
    assert outbox.deliver_due() == 0
    assert len(mailbox.received) == 2


def test_a_mail_is_readable_both_ways_and_carries_no_credential(mailbox: Mailbox, rhea: User) -> None:
    tell(rhea)
    outbox.deliver_due()
    [mail] = mailbox.received
    assert mail["Subject"] == "Something was noted"
    text, html = (part.get_payload(decode=True).decode() for part in mail.get_payload())  # type: ignore[union-attr]
    assert "<Noted>" in text and "CET" in text
    assert "&lt;Noted&gt;" in html and 'href="http://localhost:8000/releases/1/"' in html


def test_the_erased_and_pipelines_get_nothing(mailbox: Mailbox, rhea: User, bea: User, emil: User) -> None:
    User.objects.filter(pk=bea.pk).update(is_active=False)
    User.objects.filter(pk=emil.pk).update(is_service=True)
    told = tell(*User.objects.filter(pk__in=[rhea.pk, bea.pk, emil.pk]))
    assert [message.recipient for message in told] == [rhea]


def test_p8_a_message_is_gone_with_its_fact(fresh_db: FreshDatabase, mailbox: Mailbox, rhea: User) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell(rhea)
        raise ZeroDivisionError
    assert not OutboxMessage.objects.exists()


def test_p8_a_server_that_is_away_is_asked_again_later_and_later(mailbox: Mailbox, rhea: User) -> None:
    tell(rhea)
    mailbox.says = "451 later"
    for attempt, seconds in enumerate((5, 10, 20, 40), start=1):
        assert outbox.deliver_due() == 0
        message = OutboxMessage.objects.get()
        assert message.attempts == attempt and "451" in message.error
        assert abs(message.next_attempt_at - timezone.now() - timedelta(seconds=seconds)) < timedelta(seconds=3)
        assert outbox.deliver_due() == 0 and OutboxMessage.objects.get().attempts == attempt, "not before it is due"
        due()
    mailbox.says = ""
    assert outbox.deliver_due() == 1
    assert mailbox.ids == [OutboxMessage.objects.get().message_id]


def test_p8_a_server_that_does_not_answer_is_asked_for_one_message_at_a_time(
    mailbox: Mailbox, settings: Settings, rhea: User, bea: User
) -> None:
    tell(rhea, bea)
    settings.EMAIL_PORT = 1
    assert outbox.deliver_due() == 0
    assert sorted(OutboxMessage.objects.values_list("attempts", flat=True)) == [0, 1]


def test_p8_a_message_that_cannot_be_written_keeps_no_other_back(mailbox: Mailbox, rhea: User, bea: User) -> None:
    poison, _ = tell(rhea, bea)
    OutboxMessage.objects.filter(pk=poison.pk).update(subject="two\nlines")
    assert outbox.deliver_due() == 1
    assert OutboxMessage.objects.get(pk=poison.pk).error


@pytest.mark.parametrize("where", ["recipient", "data"])
def test_p8_a_refusal_for_good_ends_it_and_is_on_record_once(mailbox: Mailbox, rhea: User, where: str) -> None:
    tell(rhea)
    if where == "data":
        mailbox.says = "550 no such person"
    else:
        mailbox.to[rhea.email] = "550 no such person"
    outbox.deliver_due()
    message = OutboxMessage.objects.get()
    assert message.failed_at and not message.sent_at and "550" in message.error
    entry = AuditEntry.objects.get(action="mail_undeliverable")
    assert (entry.stream_id, entry.data) == ("release:1", {"person": rhea.pk, "kind": "noted"})
    assert describe(entry).form == "A mail to Rhea Lind could not be delivered"
    due()
    mailbox.says, mailbox.to = "", {}
    assert outbox.deliver_due() == 0
    assert AuditEntry.objects.filter(action="mail_undeliverable").count() == 1


def test_p8_greylisting_costs_time_and_no_second_mail(mailbox: Mailbox, rhea: User, bea: User) -> None:
    """450 to a recipient it has not seen, 250 the next time; who is known meanwhile gets theirs at once."""
    tell(rhea, bea)
    mailbox.to[rhea.email] = "450 4.2.0 greylisted, try again later"
    assert outbox.deliver_due() == 1
    waiting = OutboxMessage.objects.get(recipient=rhea)
    assert waiting.attempts == 1 and "450" in waiting.error and not waiting.failed_at
    assert waiting.next_attempt_at > timezone.now()
    mailbox.to = {}
    assert outbox.deliver_due() == 0, "not before it is due"
    due()
    assert outbox.deliver_due() == 1
    assert outbox.deliver_due() == 0
    assert sorted(mailbox.ids) == sorted(message.message_id for message in OutboxMessage.objects.all())


def test_p8_a_message_at_which_the_server_hangs_delays_no_other(
    mailbox: Mailbox, settings: Settings, rhea: User, bea: User
) -> None:
    """It is given up after EMAIL_TIMEOUT and put behind; the next look sends what waited behind it."""
    settings.EMAIL_TIMEOUT = 0.3
    [first] = tell(rhea)
    [second] = tell(bea)
    mailbox.hangs.add(rhea.email)
    began = time.monotonic()
    outbox.deliver_due()
    assert outbox.deliver_due() + len(mailbox.received) >= 1
    assert time.monotonic() - began < 4
    sent = OutboxMessage.objects.get(pk=second.pk)
    stuck = OutboxMessage.objects.get(pk=first.pk)
    assert sent.sent_at and not stuck.sent_at and not stuck.failed_at
    assert stuck.next_attempt_at > timezone.now()
    assert mailbox.ids == [second.message_id]


@pytest.mark.fresh_db
def test_p8_nobody_who_acts_waits_for_a_mail_server_that_hangs(
    mailbox: Mailbox, settings: Settings, rhea: User, bea: User
) -> None:
    """No transaction is open while it is asked, so whoever tells somebody something meanwhile is not held up."""
    settings.EMAIL_TIMEOUT = 3
    tell(rhea)
    mailbox.hangs.add(rhea.email)
    delivering = threading.Thread(target=in_thread, args=(outbox.deliver_due,))
    delivering.start()
    while not mailbox.asked:
        time.sleep(0.01)
    began = time.monotonic()
    tell(rhea, bea, dedupe="release:1:more")
    assert OutboxMessage.objects.update(error="") == 3, "not even the message's own row is held"
    assert time.monotonic() - began < 2 and delivering.is_alive()
    delivering.join()
    assert not OutboxMessage.objects.get(dedupe=f"release:1:noted:{rhea.pk}").sent_at


def in_thread(call: Callable[[], object]) -> None:
    try:
        call()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (smtplib.SMTPDataError(554, b"spam"), True),
        (smtplib.SMTPDataError(451, b"greylisted"), False),
        (smtplib.SMTPRecipientsRefused({"a@b.c": (550, b"unknown")}), True),
        (smtplib.SMTPRecipientsRefused({"a@b.c": (450, b"full")}), False),
        (smtplib.SMTPAuthenticationError(535, b"our password"), False),
        (smtplib.SMTPServerDisconnected(), False),
        (ConnectionRefusedError(), False),
        (TimeoutError(), False),
    ],
)
def test_only_a_refused_message_is_given_up(error: Exception, permanent: bool) -> None:
    assert outbox.is_permanent(error) is permanent


def test_the_wait_grows_to_an_hour() -> None:
    assert [outbox.backoff(n).total_seconds() for n in (1, 2, 3, 10, 11, 400)] == [5, 10, 20, 2560, 3600, 3600]


@pytest.fixture
def worker(fresh_db: FreshDatabase, settings: Settings) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A delivering process of its own, killed where it is told to be."""

    def run(failpoint: str = "") -> subprocess.CompletedProcess[str]:
        program = "import django; django.setup(); from core import outbox; outbox.deliver_due()"
        environment = {
            **os.environ,
            **fresh_db.environment,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "EMAIL_URL": f"smtp://127.0.0.1:{settings.EMAIL_PORT}",
            "SLIPWAY_FAILPOINT": failpoint,
        }
        command = [sys.executable, "-c", program]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize(
    ("failpoint", "deliveries"), [("outbox.claimed", 1), ("outbox.sent", 2), ("outbox.recorded", 1)]
)
def test_p8_killed_anywhere_it_is_delivered_and_recorded_once(
    mailbox: Mailbox,
    worker: Callable[..., subprocess.CompletedProcess[str]],
    rhea: User,
    failpoint: str,
    deliveries: int,
) -> None:
    tell(rhea)
    assert worker(failpoint).returncode == -signal.SIGKILL
    due()
    done = worker()
    assert done.returncode == 0, done.stderr
    message = OutboxMessage.objects.get()
    assert message.sent_at
    assert mailbox.ids == [message.message_id] * deliveries, "a repeated delivery carries the same Message-ID"


def test_p8_two_workers_do_not_send_the_same(
    mailbox: Mailbox, worker: Callable[..., subprocess.CompletedProcess[str]], rhea: User, bea: User, tomas: User
) -> None:
    tell(rhea, bea, tomas)
    with transaction.atomic():
        OutboxMessage.objects.select_for_update(of=("self",)).get(recipient=rhea)
        worker()
    assert OutboxMessage.objects.exclude(sent_at=None).count() == 2, "the one somebody holds is skipped, not waited for"
    assert outbox.deliver_due() == 1
    assert sorted(mailbox.ids) == sorted(message.message_id for message in OutboxMessage.objects.all())
