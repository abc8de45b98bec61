"""The checks of `make lint` that import the application: types, layers, deployment, missing migrations."""

import os
import secrets
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from config.embedded import postgres
from config.embedded.place import ROOT


def main() -> int:
    """Runs all of them, whatever fails, two at a time, and returns the worst exit code."""
    programs = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="slipway-lint-") as folder:
        cluster = postgres.start(
            Path(folder) / "postgres", log=Path(folder) / "postgres.log", settings=postgres.FORGETFUL
        )
        try:
            environment = production(folder, cluster)
            manage = [sys.executable, str(ROOT / "manage.py")]
            checks = [
                [str(programs / "mypy"), "."],
                [str(programs / "lint-imports"), "--no-cache"],
                [*manage, "check", "--deploy", "--fail-level", "WARNING"],
                [*manage, "makemigrations", "--check", "--dry-run"],
            ]
            with ThreadPoolExecutor(2) as two:  # while mypy, which takes longest, keeps one core busy
                return max(two.map(partial(run, environment=environment), checks))
        finally:
            cluster.stop()


def production(folder: str, cluster: postgres.Cluster) -> dict[str, str]:
    """The variables of a real site, with nothing left of this machine's."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}
    return ours | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(ROOT),
        "SLIPWAY_DATA": folder,
        "SLIPWAY_SECRET_KEY": secrets.token_urlsafe(50),
        "SLIPWAY_URL": "https://slipway.example.org",
        "SLIPWAY_HOSTS": "slipway.example.org",
        "DATABASE_URL": cluster.url(postgres.APP),
        "DATABASE_OWNER_URL": cluster.url(postgres.OWNER),
        "REDIS_URL": "redis://redis.example.org/0",
        "EMAIL_URL": "smtp+tls://mail.example.org:587",
    }


def run(command: list[str], environment: dict[str, str]) -> int:
    """Prints what it said in one piece, when it has ended: another one runs beside it."""
    done = subprocess.run(
        command, env=environment, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    names = " ".join(Path(part).name for part in command)
    print(f"→ {names}\n{done.stdout}", flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
