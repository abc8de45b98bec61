"""Where a run keeps its things, and whether it may: the data folder, the port, the lock against a second run."""

import fcntl
import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from config.embedded import ports
from config.embedded.identity import Unavailable

ROOT = Path(__file__).resolve().parent.parent.parent
LARGEST_LOG = 16 << 20


@dataclass(frozen=True)
class Place:
    """The data folder and the port of the site; `lock` is held as long as somebody has the file open."""

    data: Path
    port: int
    demo: bool
    lock: IO[str]

    @property
    def url(self) -> str:
        return os.environ.get("SLIPWAY_URL") or f"http://localhost:{self.port}"


def take() -> Place:
    """Read SLIPWAY_DATA, SLIPWAY_PORT and SLIPWAY_DEMO and claim them. Raises Unavailable saying what to change."""
    port = _port()
    data = Path(os.environ.get("SLIPWAY_DATA") or ROOT / ".slipway").expanduser().absolute()
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"The data folder {data} cannot be made ({error.strerror}). {_elsewhere()}") from error
    owner = data.stat().st_uid
    if owner != os.geteuid():
        raise Unavailable(f"The data folder {data} belongs to {_name(owner)}, not to you. {_elsewhere()}")
    lock = (data / "run.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Unavailable(
            f"Slipway already runs on {data}. Stop that run, or give this one a folder: {_elsewhere()}"
        ) from None
    (data / "log").mkdir(exist_ok=True)
    for log in (data / "log").glob("*.log"):
        if log.stat().st_size > LARGEST_LOG and log.name != "access.log":
            log.rename(log.with_suffix(".log.1"))
    demo = (os.environ.get("SLIPWAY_DEMO") or "1").lower() in {"1", "true", "yes", "on"}
    return Place(data=data, port=port, demo=demo, lock=lock)


def _port() -> int:
    text = os.environ.get("SLIPWAY_PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Unavailable(f"SLIPWAY_PORT must be a port number, not {text!r}.")
    port = int(text)
    if port < 1024 and os.geteuid() != 0:
        raise Unavailable(f"Port {port} is for root only. Choose one from 1024: make run SLIPWAY_PORT=8000")
    if not ports.is_free("127.0.0.1", port):
        free = next((other for other in range(port + 1, 65536) if ports.is_free("127.0.0.1", other)), 8000)
        raise Unavailable(f"Port {port} is taken by another program. Choose another one: make run SLIPWAY_PORT={free}")
    return port


def _elsewhere() -> str:
    return 'make run SLIPWAY_DATA="$HOME/slipway-data"'


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
