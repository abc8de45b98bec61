"""P8: killed before or after it commits, and run again, everybody is told once."""

import os
import signal
import subprocess
import sys

import pytest

from approvals.models import Told
from core import clock, failpoints
from core.models import OutboxMessage
from releases.actions import change_release
from tests.approvals.world import World
from tests.conftest import FreshDatabase
from tests.services import ROOT

POINTS = ("told.looked", "told.committed")


@pytest.mark.parametrize("failpoint", POINTS)
def test_p8_killed_while_telling_everybody_is_told_once(fresh_db: FreshDatabase, world: World, failpoint: str) -> None:
    change_release(release=world.release, way_back="By hand.", actor=world.rhea)
    world.look()
    watch = world.release.watch
    watch.seen_at = clock.now().replace(year=2020)
    watch.save()
    assert task(fresh_db, failpoint) == -signal.SIGKILL
    assert OutboxMessage.objects.filter(kind="signoff_changed").count() == (0 if failpoint == POINTS[0] else 2)
    for _ in range(2):
        assert task(fresh_db) == 0
    assert {name: len(mails) for name, mails in world.mails().items()} == {"Bea": 1, "Ines": 1}
    assert len(world.mails("signoff_stages")["Rhea"]) == 1
    assert Told.objects.filter(person=world.bea).count() == 2, "when asked, and now"


def test_every_failpoint_of_telling_is_killed_at() -> None:
    assert {name for name in failpoints.KNOWN if name.startswith("told.")} == set(POINTS)


def task(database: FreshDatabase, failpoint: str = "") -> int:
    """The beat's task in a process of its own."""
    program = "import django; django.setup(); from approvals.tasks import tell_changes; tell_changes()"
    environment = {**os.environ, **database.environment, "SLIPWAY_FAILPOINT": failpoint}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=False).returncode
