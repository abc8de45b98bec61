"""Which rollouts are to be looked at now. Claiming moves their next check in the same transaction."""

from datetime import datetime, timedelta

from django.conf import settings

from core import clock
from rollouts.choices import RolloutState
from rollouts.models import Rollout
from rollouts.writing import writing

BATCH = 100
CLOSE_WATCH = timedelta(seconds=60)
"""How long an ended rollout's targets are read back at every tick."""
LOOSE_WATCH = timedelta(seconds=60)
"""How often after that."""


def due(limit: int = BATCH) -> list[int]:
    """Claim rollouts whose check is due; another worker's are passed over."""
    with writing("claim"):
        now = clock.now()
        rows = Rollout.objects.select_for_update(of=("self",), skip_locked=True).filter(next_check_at__lte=now)
        claimed = list(rows.order_by("next_check_at")[:limit])
        for pause in {_pause(row, now) for row in claimed}:
            ids = [row.pk for row in claimed if _pause(row, now) == pause]
            Rollout.objects.filter(pk__in=ids).update(next_check_at=now + pause)
    return [row.pk for row in claimed]


def _pause(rollout: Rollout, now: datetime) -> timedelta:
    soon = timedelta(seconds=settings.TICK_SECONDS)
    if rollout.is_live or rollout.ended_at is None or now - rollout.ended_at < CLOSE_WATCH:
        return soon
    unfinished = rollout.state == RolloutState.ROLLED_BACK and rollout.restored_at is None
    return soon if unfinished else LOOSE_WATCH
