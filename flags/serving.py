"""The snapshots that this process serves from, kept fresh in the background, and which processes serve what.

A thread of its own listens for changes (PostgreSQL NOTIFY) and compares versions every second behind that. Whatever
happens to the database, `Holder.doors` goes on answering from memory; after a restart, from the copy on disk.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.models.functions import Now

from core.events import CHANNEL
from core.models import Environment
from flags import disk, snapshot
from flags.doors import Door, Doors, House, Meter
from flags.garbage import uncollected
from flags.models import FlagSet, FlagState, ServingProcess
from flags.snapshot import Key, Snapshot
from flags.usage import Tally

log = logging.getLogger(__name__)

CHECK_SECONDS = 1.0
REPORT_SECONDS = 5.0
FLUSH_SECONDS = 10.0
RETRY_SECONDS = 0.5
COUNTS_SECONDS = 30
SILENT_SECONDS = 15.0
FORGET_SECONDS = 3600


@dataclass
class Holder:
    """This process's flags: `houses` by environment, `doors` by key; both replaced as a whole, so nobody locks.

    `listeners` are told in the holder's thread which environments have just changed.
    """

    folder: Path
    process: str = field(default_factory=lambda: f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(3)}")
    houses: Mapping[int, House] = field(default_factory=dict)
    doors: Doors = field(default_factory=Doors)
    tally: Tally = field(default_factory=Tally)
    listeners: list[Callable[[Set[int]], None]] = field(default_factory=list)
    checked_at: float = 0.0
    connected: bool = False
    _looked: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _reported: tuple[float, dict[int, int]] = (0.0, {})
    _unsaved: dict[int, Snapshot] = field(default_factory=dict)
    _counted_at: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Take what is on disk, then follow the database in the background. Starting twice is harmless."""
        if self._thread is not None:
            return
        self.hold(disk.read_all(self.folder))
        if self.houses:
            self.checked_at = max(house.snapshot.taken_at for house in self.houses.values())
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="flags", daemon=True)
        self._thread.start()

    def wait(self, timeout: float) -> bool:
        """Until the database has been asked once, with or without success; at most `timeout` seconds."""
        return self._looked.wait(timeout)

    def leave(self) -> None:
        """Follow no longer: what was counted is told, and nobody waits for this process's version any more. What is
        held goes on answering.
        """
        self._stopping.set()

    def stop(self, timeout: float = 5.0) -> None:
        """Leave, and wait until that is done."""
        self.leave()
        if self._thread is not None:
            self._thread.join(timeout)
            self._thread = None

    @property
    def follows(self) -> bool:
        """Whether the database answers. One that hangs keeps the connection, and says nothing."""
        return self.connected and self.age < SILENT_SECONDS

    @property
    def age(self) -> float:
        """Seconds since what is held was last known to be current."""
        return max(0.0, time.time() - self.checked_at)

    def _run(self) -> None:
        _own_connection()
        while not self._stopping.is_set():
            try:
                self._follow()
            except (Error, psycopg.Error, OSError) as error:
                if self.connected or not self._looked.is_set():
                    log.warning("Flags are served from memory, the database cannot be reached: %s", error)
            except Exception:
                log.exception("Flags are served from memory, following the database failed")
            self.connected = False
            self._looked.set()
            self._collect()
            connections[DEFAULT_DB_ALIAS].close()
            self._stopping.wait(RETRY_SECONDS)

    def _follow(self) -> None:
        database = connections[DEFAULT_DB_ALIAS]
        database.ensure_connection()
        database.connection.execute(f"LISTEN {CHANNEL}")
        self._reported = (0.0, {})
        ServingProcess.objects.filter(seen_at__lt=Now() - timedelta(seconds=FORGET_SECONDS)).delete()
        while not self._stopping.is_set():
            self._refresh()
            self._report()
            self._looked.set()
            if self._collect():
                self._save()
                self.tally.flush()
            _await_change(database.connection, self._stopping)
        self._collect(now=True)
        self.tally.flush()
        ServingProcess.objects.filter(process=self.process).delete()

    def _refresh(self) -> None:
        """Load what has another version than ours. The database is the truth, restored backups included."""
        versions = dict(FlagSet.objects.values_list("pk", "version"))
        held = {pk: house.snapshot for pk, house in self.houses.items()}
        changed = {pk for pk, version in versions.items() if pk not in held or held[pk].version != version}
        if changed or versions.keys() != held.keys():
            with uncollected():
                fresh = snapshot.load(changed)
            self.hold({**{pk: one for pk, one in held.items() if pk in versions and pk not in changed}, **fresh})
            self._unsaved = {**self._unsaved, **fresh}
            self._save()
        if not self.connected:
            log.info("Flags follow the database: %s environments", len(versions))
        self.connected = True
        self.checked_at = time.time()

    def hold(self, snapshots: Mapping[int, Snapshot]) -> None:
        """Serve from these from now on. What is new is compiled here, in the caller's thread."""
        before = self.houses
        houses: dict[int, House] = {}
        with uncollected():
            for pk, taken in snapshots.items():
                house = _house(taken, before.get(pk))
                if house is not None:
                    houses[pk] = house
        self.doors = Doors(
            {
                digest: self._door(digest, key, house)
                for house in houses.values()
                for digest, key in house.snapshot.keys.items()
            }
        )
        self.houses = houses
        self.tally.retire(house for pk, house in before.items() if houses.get(pk) is not house)
        changed = {pk for pk in {*before, *houses} if before.get(pk) is not houses.get(pk)}
        for listener in list(self.listeners):
            listener(changed)

    def _door(self, digest: str, key: Key, house: House) -> Door:
        known = self.doors.by_digest.get(digest)
        if known is not None and known.house is house:
            return known
        meter = known.meter if known is not None else Meter()
        return Door(key, digest, house.views[key.kind], house, meter)

    def _collect(self, now: bool = False) -> bool:
        """Take over what was counted, if it is time to."""
        if not now and time.monotonic() - self._counted_at < FLUSH_SECONDS:
            return False
        self._counted_at = time.monotonic()
        self.tally.collect(self.houses.values(), [(door.key.id, door.meter) for door in self.doors.by_digest.values()])
        return True

    def _save(self) -> None:
        """What cannot be written now is tried again later: an older copy may still know a key that was revoked."""
        for pk, taken in list(self._unsaved.items()):
            try:
                disk.save(taken, self.folder)
                del self._unsaved[pk]
            except OSError as error:
                log.error("The flag snapshot could not be written to %s: %s", self.folder, error)

    def _report(self) -> None:
        """Say which versions this process holds: at once when that changed, else every few seconds."""
        versions = {pk: house.snapshot.version for pk, house in self.houses.items()}
        at, said = self._reported
        if versions == said and time.monotonic() - at < REPORT_SECONDS:
            return
        ServingProcess.objects.bulk_create(
            [ServingProcess(process=self.process, environment_id=pk, version=held) for pk, held in versions.items()],
            update_conflicts=True,
            unique_fields=["process", "environment"],
            update_fields=["version", "seen_at"],
        )
        self._reported = (time.monotonic(), versions)


def _house(taken: Snapshot, known: House | None) -> House | None:
    """What is `known` already, or cannot be built, stays as it was: one environment lets down no other. Its keys are
    the newest in any case, for one that leaked is revoked at once.
    """
    if known is not None and known.snapshot is taken:
        return known
    try:
        return House(taken, known)
    except Exception:
        log.exception("The flags of %s cannot be held as they are at version %s", taken.environment, taken.version)
        if known is not None:
            known.snapshot = replace(known.snapshot, keys=taken.keys)
        return known


def _own_connection() -> None:
    """A connection for this thread that notices within seconds when the other end is gone."""
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    options = {**own.settings_dict["OPTIONS"], "application_name": "slipway flags", "connect_timeout": 2}
    options |= {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 5000}
    own.settings_dict = {**own.settings_dict, "OPTIONS": options}
    connections[DEFAULT_DB_ALIAS] = own


def _await_change(connection: psycopg.Connection[Any], stopping: threading.Event) -> None:
    """Return when a flag changed somewhere, at the latest when the next look is due."""
    due = time.monotonic() + CHECK_SECONDS
    while (left := due - time.monotonic()) > 0 and not stopping.is_set():
        heard = [note.payload for note in connection.notifies(timeout=left, stop_after=1)]
        if any(_is_about_flags(payload) for payload in heard):
            return


def _is_about_flags(payload: str) -> bool:
    try:
        topic, _name = json.loads(payload)
    except (TypeError, ValueError):
        return False
    return isinstance(topic, str) and topic.startswith("flags:")


@dataclass(frozen=True)
class Laggard:
    """A process that serves an older version. `behind`: for how long there has been a newer one."""

    process: str
    version: int
    seen_at: datetime
    behind: timedelta | None


def lagging(environment: Environment, version: int, now: datetime) -> list[Laggard]:
    """Who served in the last 30 s and does not hold `version` yet. Nobody: whoever asks gets that version."""
    seen = ServingProcess.objects.filter(environment=environment, seen_at__gt=now - timedelta(seconds=COUNTS_SECONDS))
    behind = list(seen.filter(version__lt=version).order_by("version", "process"))
    if not behind:
        return []
    states = FlagState.objects.filter(environment=environment, version=version)
    since = states.values_list("changed_at", flat=True).first()
    waited = now - since if since else None
    return [Laggard(row.process, row.version, row.seen_at, waited) for row in behind]


holder = Holder(settings.FLAG_SNAPSHOT_DIR)
