"""Signing out everywhere else."""

from django.db import transaction

from core import audit
from core.models import User


@transaction.atomic
def end_other_sessions(*, user: User) -> User:
    """Every session of `user` ends at its next request; who asked for it renews their own afterwards
    (`update_session_auth_hash`).
    """
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    user.sessions_ended += 1
    user.save(update_fields=["sessions_ended"])
    subject = f"person:{user.pk}"
    audit.record(stream=subject, actor=user, action="sessions_ended", subject=subject)
    return user
