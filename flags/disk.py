"""The last snapshot of each environment on disk, so that a restart without a database still knows its flags (P11)."""

import fcntl
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flags.snapshot import Snapshot, as_json, from_json

PATIENCE_SECONDS = 2.0

log = logging.getLogger(__name__)


def save(snapshot: Snapshot, folder: Path) -> bool:
    """Write it, mode 0600, whole or not at all; never over a newer one. Says whether it did. Raises OSError.

    Several processes share the folder, so the comparison and the renaming happen under a lock.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = _file(folder, snapshot.environment_id)
    with _locked(folder):
        there = _read(file)
        if there is not None and there.version >= snapshot.version:
            return False
        for left in folder.glob(f".{file.name}.*"):  # by a process that was killed: whoever writes holds the lock
            left.unlink(missing_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=folder, prefix=f".{file.name}.")  # created with mode 0600
        try:
            with os.fdopen(descriptor, "wb") as output:
                output.write(as_json(snapshot))
                output.flush()
                os.fsync(output.fileno())
            os.replace(draft, file)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    return True


def read_all(folder: Path) -> dict[int, Snapshot]:
    """What is there, by environment id. A file that is damaged, or of another format, is logged and left out."""
    found = (_read(file) for file in sorted(folder.glob("environment-*.json")))
    return {snapshot.environment_id: snapshot for snapshot in found if snapshot is not None}


def _file(folder: Path, environment_id: int) -> Path:
    return folder / f"environment-{environment_id}.json"


def _read(file: Path) -> Snapshot | None:
    try:
        found = from_json(file.read_bytes())
        if _file(file.parent, found.environment_id) != file:
            raise ValueError("it is of another environment")
        return found
    except FileNotFoundError:
        return None
    except (OSError, KeyError, TypeError, ValueError) as error:
        log.warning("The flag snapshot %s cannot be read: %r", file, error)
        return None


def _wait_for(lock: int) -> None:
    """For a while only: a process that is frozen while it writes must not keep all others from following."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(descriptor)
        yield
    finally:
        os.close(descriptor)
