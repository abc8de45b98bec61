"""What workers run for this room: nothing in, nothing out, safe at any time and any number of times."""

import logging

from celery import shared_task
from django.db import OperationalError

from approvals import actions
from core.errors import Conflict
from releases.models import Release

log = logging.getLogger(__name__)


@shared_task
def tell_changes() -> None:
    """From beat: whoever decided about a release hears when that no longer counts. One that is busy waits."""
    for release in Release.objects.filter(pk__in=actions.to_look_at()):
        try:
            actions.tell_changes(release=release)
        except (Conflict, OperationalError) as error:
            log.info("%s is told of later: %s", release, error)
