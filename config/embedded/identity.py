"""As whom PostgreSQL may run: it refuses root, and initdb refuses a user id that has no name."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LAUNCH = Path(__file__).with_name("launch.py")


class Unavailable(Exception):
    """A service cannot run here; the text says what is lacking and what to do instead."""


@dataclass(frozen=True)
class Identity:
    """`flags` go to launch.py; `uid` is set when files must belong to somebody else than ourselves."""

    flags: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def command(self, argv: list[str], *, on_parent_death: signal.Signals = signal.SIGTERM) -> list[str]:
        """`argv` under this identity, ended by `on_parent_death` when the calling process dies."""
        parent = ["--parent", str(os.getpid()), "--signal", on_parent_death.name]
        return [sys.executable, "-I", "-S", str(LAUNCH), *parent, *self.flags, "--", *argv]


def tied(argv: list[str], *, on_parent_death: signal.Signals = signal.SIGTERM) -> list[str]:
    """`argv` under our own identity, ended when the calling process dies."""
    return Identity().command(argv, on_parent_death=on_parent_death)


def choose() -> Identity:
    """The gentlest identity that works: our own, our own in a user namespace, or (for root) an unprivileged one.

    Raises Unavailable when none does.
    """
    uid = os.geteuid()
    if uid != 0 and _has_name(uid):
        return Identity()
    other = _somebody()
    namespace = Identity(flags=("--namespace", f"{other.pw_uid}:{other.pw_gid}"))
    if _works(namespace):
        return namespace
    if uid == 0:
        return Identity(flags=("--user", f"{other.pw_uid}:{other.pw_gid}"), uid=other.pw_uid, gid=other.pw_gid)
    raise Unavailable(
        f"PostgreSQL needs a user with a name; user id {uid} has none and user namespaces are refused here. "
        "Give it an entry in /etc/passwd, or set DATABASE_URL and DATABASE_OWNER_URL to a PostgreSQL of your own."
    )


def prepare(identity: Identity, data: Path, home: Path) -> Path:
    """Where the programs in `home` can be run from. For another user that is a copy inside `data`, as `home` may be
    closed to them. Only permissions inside `data` change. Raises Unavailable if they cannot reach `data` at all.
    """
    if identity.uid is None or identity.gid is None:
        return home
    closed = [str(p) for p in data.resolve().parents if not p.stat().st_mode & stat.S_IXOTH]
    if closed:
        raise Unavailable(
            "PostgreSQL refuses to run as root, user namespaces are refused here, and the unprivileged user that it "
            f"would run as cannot enter {closed[0]}. Set SLIPWAY_DATA to a folder below a path that everybody may "
            "enter, run as an ordinary user, or set DATABASE_URL."
        )
    admit(identity, data)
    copy = data / "postgres-programs" / home.parent.name / home.name
    if not (copy / "bin" / "postgres").exists():
        shutil.copytree(home, copy, ignore=shutil.ignore_patterns("include", "*.a"))
        for libs in home.parent.parent.glob(home.parent.name + ".libs"):
            shutil.copytree(libs, copy.parent.parent / libs.name)
    own(identity, copy.parent.parent)
    return copy


def own(identity: Identity, folder: Path) -> None:
    """Hand a folder inside the data folder over to whom the service runs as."""
    if identity.uid is None or identity.gid is None:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, identity.uid, identity.gid, follow_symlinks=False)


def admit(identity: Identity, folder: Path) -> None:
    """Let whom the service runs as pass through a folder inside the data folder, without seeing what is in it."""
    if identity.uid is not None:
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH)


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _somebody() -> pwd.struct_passwd:
    people = [person for person in pwd.getpwall() if person.pw_uid != 0]
    if not people:
        raise Unavailable("PostgreSQL refuses to run as root, and /etc/passwd names nobody else. Set DATABASE_URL.")
    return next((person for person in people if person.pw_name == "nobody"), people[0])


def _works(identity: Identity) -> bool:
    probe = subprocess.run(identity.command(["true"]), capture_output=True, check=False)
    return probe.returncode == 0
