"""The PostgreSQL and Redis that a test run shares, and how a test gets a database of its own.

Everything happens as in production: the owner role migrates a template once, each worker process gets a clone and works
on it as the runtime role. Tables that only grow refuse TRUNCATE, so nothing is ever flushed: a test either runs inside
a transaction that is rolled back (`db`), or on a clone of its own that is dropped (`fresh_db`).
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import ConnectionError as NotYet
from redis import Redis

from config.embedded import identity, postgres, redis

ROOT = Path(__file__).resolve().parent.parent
HANDOVER = "SLIPWAY_TEST_SERVICES"


@dataclass
class Services:
    """What this process needs to know; only the process that started the servers (`ours`) stops them."""

    folder: Path
    cluster: postgres.Cluster
    redis_url: str
    redis: subprocess.Popen[bytes] | None = None

    @property
    def worker(self) -> str:
        return os.environ.get("PYTEST_XDIST_WORKER", "main")

    def environment(self, database: str) -> dict[str, str]:
        """The variables with which a child process works on `database`."""
        return {
            "DATABASE_URL": self.cluster.url(postgres.APP, database),
            "DATABASE_OWNER_URL": self.cluster.url(postgres.OWNER, database),
            "REDIS_URL": f"{self.redis_url.removesuffix('/0')}/{int(self.worker.removeprefix('gw') or 0) + 1}"
            if self.worker != "main"
            else self.redis_url,
            "SLIPWAY_DATA": str(self.folder / "data"),
        }

    @contextmanager
    def clone(self, name: str) -> Iterator[str]:
        """A fully migrated database, dropped afterwards whoever still holds on to it."""
        postgres.create_database(self.cluster, name, template=self._template())
        try:
            yield name
        finally:
            postgres.drop_database(self.cluster, name)

    def _template(self) -> str:
        """Migrated by the first process that asks, once per set of migrations."""
        digest = hashlib.sha256()
        for file in sorted(ROOT.glob("*/migrations/*.py")):
            digest.update(file.read_bytes())
        name = f"template_{digest.hexdigest()[:12]}"
        with (self.folder / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self.folder / name).exists():
                postgres.drop_database(self.cluster, name)
                postgres.create_database(self.cluster, name)
                self._manage(name, "migrate", "--verbosity", "0")
                (self.folder / name).touch()
        return name

    def _manage(self, database: str, *arguments: str) -> None:
        environment = {**os.environ, **self.environment(database)}
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
        if done.returncode != 0:
            raise RuntimeError(f"manage.py {arguments[0]} failed:\n{done.stdout}{done.stderr}")

    def kill_postgres(self) -> None:
        """As a crash does: without a word to anybody."""
        assert self.cluster.process
        self.cluster.process.kill()
        self.cluster.process.wait()

    def start_postgres(self) -> None:
        """Again, at the same address, with what was committed."""
        place = self.folder / "postgres"
        self.cluster = postgres.start(
            place, log=self.folder / "postgres.log", settings=postgres.FORGETFUL, sockets=self.cluster.sockets
        )

    def kill_redis(self) -> None:
        assert self.redis
        self.redis.kill()
        self.redis.wait()

    def start_redis(self) -> None:
        """Again, at the same address, with nothing of what it held."""
        self.redis = _start_redis(self.folder / "redis", self.redis_url)

    def stop(self) -> None:
        if self.redis:
            self.redis.kill()
            self.redis.wait()
        if self.cluster.process:
            self.cluster.stop()
            shutil.rmtree(self.folder, ignore_errors=True)


def attach_or_start() -> Services:
    """The services of this run: those a parent process left a note about, or new ones."""
    note = os.environ.get(HANDOVER)
    if note:
        facts = json.loads(note)
        cluster = postgres.Cluster(sockets=Path(facts["sockets"]), passwords=facts["passwords"])
        return Services(folder=Path(facts["folder"]), cluster=cluster, redis_url=facts["redis_url"])
    services = start()
    cluster = services.cluster
    os.environ[HANDOVER] = json.dumps(
        {
            "folder": str(services.folder),
            "sockets": str(cluster.sockets),
            "passwords": dict(cluster.passwords),
            "redis_url": services.redis_url,
        }
    )
    return services


def start() -> Services:
    """New servers, which end with the calling process."""
    base = _roomy_memory()
    _remove_leftovers(Path(base or tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"slipway-test-{os.getpid()}-", dir=base))
    (folder / "data").mkdir(mode=0o700)
    cluster = postgres.start(folder / "postgres", log=folder / "postgres.log", settings=postgres.FORGETFUL)
    _, url = redis.configuration(folder / "redis")
    return Services(folder=folder, cluster=cluster, redis_url=url, redis=_start_redis(folder / "redis", url))


def _start_redis(folder: Path, url: str) -> subprocess.Popen[bytes]:
    file = folder / "redis.conf"
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(identity.tied([str(redis.find_program()), str(file)]), stdout=log, stderr=log)
    deadline = time.monotonic() + 20
    with Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
            except NotYet:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"Redis did not start: {(folder / 'log').read_text()}") from None
                time.sleep(0.02)
            else:
                return process


def _remove_leftovers(base: Path) -> None:
    """What earlier runs that were killed could not remove themselves; its name tells whose it was."""
    for folder in base.glob("slipway-test-*-*"):
        pid = folder.name.split("-")[2]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)


def _roomy_memory() -> str | None:
    """/dev/shm where it has a gigabyte to spare: no test needs the disk. None means the usual temporary folder."""
    memory = Path("/dev/shm")
    usable = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30
    return str(memory) if usable else None
