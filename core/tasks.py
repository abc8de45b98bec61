"""Hints become work here. Both tasks find what is to be done in PostgreSQL, and may run at any time, any number of
times.
"""

from celery import shared_task

from core import anchors, outbox


@shared_task
def deliver_due() -> None:
    while outbox.deliver_due():
        pass


@shared_task
def anchor_heads() -> None:
    anchors.anchor()
