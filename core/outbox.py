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

from core import clock, failpoints
from core.models import OutboxMessage

log = logging.getLogger(__name__)

LEASE = timedelta(
    seconds=90
)  # longer than a delivery may take: every step towards the server is bounded by EMAIL_TIMEOUT
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)

failpoints.declare("outbox.claimed", "outbox.sent", "outbox.recorded")


def deliver_due(batch: int = 20) -> int:
    """Send what is due, at most `batch` messages; returns how many were sent. Safe to run several times at once."""
    return sum(_deliver(message) for message in _claim(batch))


def backoff(attempts: int) -> timedelta:
    """How long to wait after the `attempts`-th failure: 5 s · 2^(n-1), at most an hour."""
    return min(FIRST_WAIT * (1 << min(max(attempts - 1, 0), 16)), LONGEST_WAIT)


def _claim(batch: int) -> list[OutboxMessage]:
    with transaction.atomic():
        now = clock.now()
        due = (
            OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(sent_at=None, failed_at=None, next_attempt_at__lte=now)
            .order_by("next_attempt_at")
            .values_list("pk", flat=True)[:batch]
        )
        ids = list(due)
        OutboxMessage.objects.filter(pk__in=ids).update(next_attempt_at=now + LEASE, attempts=F("attempts") + 1)
    failpoints.reach("outbox.claimed")
    return list(OutboxMessage.objects.filter(pk__in=ids).select_related("recipient").order_by("created_at"))


def _deliver(message: OutboxMessage) -> bool:
    try:
        _send(message)
    except (OSError, smtplib.SMTPException) as error:
        _failed(message, error, clock.now())
        return False
    failpoints.reach("outbox.sent")
    _open(message.pk).update(sent_at=clock.now(), error="")
    failpoints.reach("outbox.recorded")
    return True


def _send(message: OutboxMessage) -> None:
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        to=[message.recipient.email],
        headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"},
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    mail.send()


def _failed(message: OutboxMessage, error: Exception, now: datetime) -> None:
    what = f"{type(error).__name__}: {error}"[:500]
    if is_permanent(error):
        _open(message.pk).update(failed_at=now, error=what)
        log.error("mail %s will not be delivered: %s", message.pk, what)
    else:
        _open(message.pk).update(next_attempt_at=now + backoff(message.attempts), error=what)
        log.warning("mail %s waits for its attempt %s: %s", message.pk, message.attempts + 1, what)


def is_permanent(error: Exception) -> bool:
    """Whether trying again is pointless: the server refused this message (5xx), not us or our connection."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return False
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500


def _open(pk: UUID) -> "QuerySet[OutboxMessage]":
    """Only while nobody else recorded its end: a message is sent, or failed, once."""
    return OutboxMessage.objects.filter(pk=pk, sent_at=None, failed_at=None)
