"""Telling people: a row in the transaction of what it tells about, so that neither is ever without the other."""

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import connection
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils import timezone

from core import clock, queue
from core.models import OutboxMessage, User


def tell(
    *,
    recipients: Iterable[User],
    kind: str,
    subject_key: str,
    dedupe: str,
    subject: str,
    context: Mapping[str, Any],
) -> list[OutboxMessage]:
    """Write one message per recipient from ``templates/email/<kind>.txt`` and ``.html``; returns those that are new.

    `subject_key` is what it is about (``release:7``); the same `dedupe` is told to the same person once. Inactive and
    erased people and pipelines are left out. Templates get `context`, `person`, `subject` and `site` (the site's
    address), with times in the recipient's zone. Raises AssertionError outside of a transaction, TemplateDoesNotExist
    for a kind without a text.
    """
    assert connection.in_atomic_block, "a message belongs into the transaction of what it tells"
    people = {person.pk: person for person in recipients if _reachable(person)}
    keys = {pk: f"{dedupe}:{pk}" for pk in people}
    told = set(OutboxMessage.objects.filter(dedupe__in=keys.values()).values_list("dedupe", flat=True))
    due = clock.now()
    fresh = [
        OutboxMessage(
            recipient=person,
            subject_key=subject_key,
            kind=kind,
            dedupe=keys[pk],
            subject=" ".join(subject.split())[:200],
            next_attempt_at=due,
            **_written(kind, person, {**context, "subject": subject}),
        )
        for pk, person in people.items()
        if keys[pk] not in told
    ]
    OutboxMessage.objects.bulk_create(fresh, ignore_conflicts=True)
    kept = set(OutboxMessage.objects.filter(pk__in=[one.pk for one in fresh]).values_list("pk", flat=True))
    if kept:
        queue.hint("core.tasks.deliver_due")
    return [one for one in fresh if one.pk in kept]


def _reachable(person: User) -> bool:
    return person.is_active and not person.is_service and person.erased_at is None


def _written(kind: str, person: User, context: Mapping[str, Any]) -> dict[str, str]:
    full = {**context, "person": person, "site": settings.SITE_URL}
    with timezone.override(zone_of(person)):
        text = render_to_string(f"email/{kind}.txt", full).strip() + "\n"
        try:
            return {"text": text, "html": render_to_string(f"email/{kind}.html", full)}
        except TemplateDoesNotExist:
            return {"text": text, "html": ""}


def zone_of(person: User) -> ZoneInfo:
    """Where this person is; UTC if they named a zone that is none."""
    try:
        return ZoneInfo(person.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
