"""Forgetting a person. What happened stays, as ids and salted hashes; who it was and what they wrote goes."""

import secrets
from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.utils.html import escape

from core import audit, clock, locks
from core.errors import Refused
from core.models import ApiToken, AuditText, OutboxMessage, User


@transaction.atomic
def erase_person(*, person: User) -> int:
    """Blank the name, the address, all free texts and all mails of `person`; returns how many texts. The chain still
    verifies.

    Raises Refused if that has happened before.
    """
    for product_id in sorted(set(person.roles.values_list("product_id", flat=True))):
        locks.product_exclusive(product_id)
    person = User.objects.select_for_update(of=("self",)).get(pk=person.pk)
    if person.erased_at:
        raise Refused(f"This person was erased on {person.erased_at:%d %b %Y}.")
    now = clock.now()
    texts = _blank_texts(person, now)
    OutboxMessage.objects.filter(recipient=person).update(subject="(erased)", text="", html="", error="")
    _forget_mails_about(person)
    OutboxMessage.objects.filter(recipient=person, sent_at=None, failed_at=None).update(failed_at=now)
    _close_account(person, now)
    audit.record(
        stream=f"person:{person.pk}",
        actor=None,
        action="person_erased",
        subject=f"person:{person.pk}",
        data={"texts": texts},
    )
    return texts


def _blank_texts(person: User, now: datetime) -> int:
    count = AuditText.objects.filter(entry__actor=person, erased_at=None).update(text="", salt="", erased_at=now)
    for label, path in settings.ERASABLE_TEXTS.items():
        manager = apps.get_model(label)._default_manager
        count += manager.filter(models.Q((path, person))).exclude(salt="").update(text="", salt="")
    return count


def _forget_mails_about(person: User) -> None:
    """What others were sent that names them, often with their words in it. What still waits is delivered as it is."""
    named = models.Q()
    for told in {person.name, escape(person.name), person.email} - {""}:
        named |= models.Q(subject__contains=told) | models.Q(text__contains=told) | models.Q(html__contains=told)
    delivered = OutboxMessage.objects.exclude(sent_at=None, failed_at=None)
    delivered.filter(named).update(subject="(erased)", text="", html="", error="")


def _forget_attempts(address: str) -> None:
    """Failed logins are kept by address, for the throttle."""
    for label in ("axes.AccessAttempt", "axes.AccessFailureLog", "axes.AccessLog"):
        apps.get_model(label)._default_manager.filter(username=address).delete()


def _close_account(person: User, now: datetime) -> None:
    _forget_attempts(person.email)
    ApiToken.objects.filter(user=person, revoked_at=None).update(revoked_at=now)
    person.roles.all().delete()
    person.teams.clear()
    person.groups.clear()
    person.name = "Erased person"
    person.email = f"erased-{person.pk}-{secrets.token_hex(4)}@invalid"
    person.timezone = "UTC"
    person.is_active = person.is_staff = person.is_superuser = False
    person.erased_at = now
    person.set_unusable_password()
    person.save()
