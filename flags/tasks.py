"""What happens to flags without anybody clicking. Safe to run twice."""

import logging

from celery import shared_task
from django.db import OperationalError

from core import clock
from flags import actions, digest

log = logging.getLogger(__name__)


@shared_task
def make_due_changes() -> None:
    """From beat: planned changes whose time has come. One that is busy waits for the next look."""
    for change_id in actions.due_changes(clock.now()):
        try:
            actions.make_due(change_id=change_id)
        except OperationalError as error:
            log.info("planned change %s waits: %s", change_id, error)
        except Exception:  # trouble with one does not reach the next
            log.exception("planned change %s", change_id)


@shared_task
def tell_owners() -> None:
    """From beat: the week's mail to whoever has flags that can go."""
    digest.tell_owners(clock.now())
