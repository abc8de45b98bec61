"""Delivering the outbox. Claimed, sent, recorded: three steps, and no transaction is open while a mail server is asked.

Killed between sending and recording, the same message goes out once more with the same Message-ID, so that a receiver
can recognise it; it is never lost.
"""

import logging
import smtplib
from datetime import datetime, timedelta
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F, QuerySet

from core import audit, clock, failpoints, words
from core.models import OutboxMessage

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
"""Longer than one delivery may take: every step towards the server is bounded by EMAIL_TIMEOUT."""
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)

failpoints.declare("outbox.claimed", "outbox.sent", "outbox.recorded")


def deliver_due(batch: int = 20) -> int:
    """Send what is due, at most `batch` messages, until the server fails; returns how many were sent. Safe to run
    several times at once: each message is claimed alone, so that its lease covers its own delivery only.
    """
    sent = 0
    for _ in range(batch):
        message = _claim()
        if message is None:
            break
        error = _deliver(message)
        if error is None:
            sent += 1
        elif is_the_servers(error):
            break
    return sent


def backoff(attempts: int) -> timedelta:
    """How long to wait after the `attempts`-th failure: 5 s · 2^(n-1), at most an hour."""
    return min(FIRST_WAIT * (1 << min(max(attempts - 1, 0), 16)), LONGEST_WAIT)


def _claim() -> OutboxMessage | None:
    with transaction.atomic():
        now = clock.now()
        due = (
            OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(sent_at=None, failed_at=None, next_attempt_at__lte=now)
            .order_by("next_attempt_at", "created_at")
            .first()
        )
        if due is None:
            return None
        OutboxMessage.objects.filter(pk=due.pk).update(next_attempt_at=now + LEASE, attempts=F("attempts") + 1)
    failpoints.reach("outbox.claimed")
    return OutboxMessage.objects.select_related("recipient").get(pk=due.pk)


def _deliver(message: OutboxMessage) -> Exception | None:
    try:
        _send(message)
    except Exception as error:  # whatever is wrong with one message must not keep the others
        _failed(message, error, clock.now())
        return error
    failpoints.reach("outbox.sent")
    _open(message.pk).update(sent_at=clock.now(), error="")
    failpoints.reach("outbox.recorded")
    return None


def _send(message: OutboxMessage) -> None:
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=words.in_columns(message.text),
        to=[message.recipient.email],
        headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"},
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    mail.send()


def _failed(message: OutboxMessage, error: Exception, now: datetime) -> None:
    what = f"{type(error).__name__}: {error}"[:500]
    if is_permanent(error):
        _give_up(message, what, now)
        log.error("mail %s will not be delivered: %s", message.pk, what)
    else:
        _open(message.pk).update(next_attempt_at=now + backoff(message.attempts), error=what)
        log.warning("mail %s waits for its attempt %s: %s", message.pk, message.attempts + 1, what)


def _give_up(message: OutboxMessage, what: str, now: datetime) -> None:
    """Once, and on the record of what it was about: somebody waits for an answer to it."""
    with transaction.atomic():
        if _open(message.pk).update(failed_at=now, error=what):
            audit.record(
                stream=message.subject_key,
                actor=None,
                action="mail_undeliverable",
                subject=f"mail:{message.pk}",
                data={"person": message.recipient_id, "kind": message.kind},
            )


def is_permanent(error: Exception) -> bool:
    """Whether trying again is pointless: the server refused this message (5xx), not us or our connection."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return False
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500


def is_the_servers(error: Exception) -> bool:
    """Whether the next message would fare no better: nobody answered, rather than this message being refused."""
    return isinstance(error, OSError) and not isinstance(
        error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused
    )


def _open(pk: UUID) -> "QuerySet[OutboxMessage]":
    """Only while nobody else recorded its end: a message is sent, or failed, once."""
    return OutboxMessage.objects.filter(pk=pk, sent_at=None, failed_at=None)
