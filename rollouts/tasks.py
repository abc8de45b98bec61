"""What workers run: ids in, nothing out, safe at any time and any number of times."""

from celery import shared_task

from releases import actions as releases
from rollouts import engine
from rollouts.actions.back import carry_out

TICK_LIMIT = 30
"""Seconds after which a worker that hangs in a tick is killed, so that another can tick that rollout."""


@shared_task
def due() -> None:
    """From beat, every tick: hand out what is due, one rollout per task, so that a slow one delays only itself."""
    for pk in engine.due():
        tick.apply_async(([pk],), expires=10)


@shared_task(time_limit=TICK_LIMIT)
def tick(ids: list[int]) -> None:
    engine.tick(ids)


@shared_task
def apply_rollback(rollout_id: int) -> None:
    """On its own queue with its own worker: what the process that rolled back also does itself."""
    carry_out(rollout_id)


@shared_task
def observe() -> None:
    """From beat: ask every slot what really runs there."""
    releases.observe_slots()
