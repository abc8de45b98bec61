"""What several tests of the engine reach for."""

import threading
from collections.abc import Callable

from django.db import connection

from core import clock
from rollouts import routers
from rollouts.models import KpiState, Rollout
from rollouts.routers.recording import RecordingRouter


def route(alias: str = "route") -> RecordingRouter:
    found = routers.get(alias)
    assert isinstance(found, RecordingRouter)
    return found


def in_background(*acts: Callable[[], object]) -> list[BaseException | None]:
    """Run all at once, each on a connection of its own; what each raised."""
    raised: list[BaseException | None] = [None] * len(acts)

    def run(number: int) -> None:
        try:
            acts[number]()
        except BaseException as error:
            raised[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def baked(rollout: Rollout) -> Rollout:
    """The same rollout, as if its step had baked and every KPI passed just now."""
    past = rollout.started_at
    Rollout.objects.filter(pk=rollout.pk).update(baked_since=past, pinned=_without_bakes(rollout))
    KpiState.objects.filter(rollout=rollout).update(
        verdict="pass", folded_at=clock.now(), numbers={"since": past.timestamp(), "canary_users": 50}
    )
    return Rollout.objects.select_related("release__product").get(pk=rollout.pk)


def _without_bakes(rollout: Rollout) -> dict[str, object]:
    steps = [{**step, "bake_seconds": 0} for step in rollout.pinned["steps"]]
    return {**rollout.pinned, "steps": steps}
