"""What a newcomer has: a fresh checkout in an awkward place, and `make run`."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from config.embedded import ports

ROOT = Path(__file__).resolve().parent.parent.parent
READY_WITHIN = 240
"""Seconds, on two busy cores, with the story loaded and nothing compiled yet."""


@dataclass
class Newcomer:
    """`environment` is all they have; `uid` makes them somebody else than who runs the tests."""

    checkout: Path
    data: Path
    environment: dict[str, str]
    uid: int | None = None
    port: int = field(default_factory=lambda: ports.free()[0])
    make: subprocess.Popen[bytes] | None = None
    seen: set[int] = field(default_factory=set)

    @property
    def output(self) -> Path:
        return self.data.parent / "output"

    @property
    def said(self) -> str:
        return self.output.read_text()

    def run(self, **variables: str) -> None:
        """`make run`, in a session of its own."""
        environment = self.environment | {"SLIPWAY_PORT": str(self.port), "SLIPWAY_DATA": str(self.data)} | variables
        with self.output.open("wb") as output:
            self.make = subprocess.Popen(
                ["make", "run"], cwd=self.checkout, env=environment, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, start_new_session=True, user=self.uid, group=self.uid,
                extra_groups=[] if self.uid else None,
            )  # fmt: skip

    def wait_ready(self) -> None:
        assert self.make
        deadline = time.monotonic() + READY_WITHIN
        while "Slipway is ready" not in self.said:
            assert self.make.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)
        self.seen |= set(descendants(self.make.pid))

    def wait_gone(self, seconds: float = 40) -> None:
        """Every process that was ever seen below `make` must be gone."""
        assert self.make
        deadline = time.monotonic() + seconds
        while left := [pid for pid in self.seen | set(descendants(self.make.pid)) if is_alive(pid)]:
            if self.make.poll() is None and time.monotonic() > deadline:
                break
            assert time.monotonic() < deadline, f"still running: {[command(pid) for pid in left]}\n{self.said}"
            time.sleep(0.1)
        self.make.wait(5)

    def answers(self, path: str = "/healthz") -> int:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10).status_code

    def supervisors(self) -> tuple[int, int]:
        """The keeper and the supervisor: the first two called `config.embedded.run` on the way down from make."""
        assert self.make
        found = [pid for pid in descendants(self.make.pid) if "config.embedded.run" in command(pid)]
        return found[0], found[1]

    def end(self) -> None:
        """Whatever a failed test has left."""
        if self.make and self.make.poll() is None:
            self.make.send_signal(signal.SIGTERM)
            self.wait_gone()


def check_out(folder: Path) -> Path:
    """The tree as it is now, without what git ignores, in a folder with a space and a long name."""
    checkout = folder / "my projects" / ("a rather long name " * 4).strip() / "slipway"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
    return checkout


def plain_environment(home: Path, venv: Path = Path(sys.prefix)) -> dict[str, str]:
    """Little more than a login shell has, and the environment of these tests, so that nothing is downloaded again."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHON": str(venv / "bin" / "python"),
        "SLIPWAY_VENV": str(venv),
        # Where `reachable_python` has moved a Python that finds its own library by an absolute path.
        "LD_LIBRARY_PATH": str((venv / "bin" / "python").resolve().parent.parent / "lib"),
    }


def compiled_before() -> dict[str, str]:
    """Python then finds what these tests have compiled: for all who try something else than a first start."""
    place = os.environ.get("PYTHONPYCACHEPREFIX")
    return {"PYTHONPYCACHEPREFIX": place} if place else {}


def descendants(pid: int) -> list[int]:
    """Living processes below `pid`, parents before their children."""
    found: list[int] = []
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return found
    for child in children:
        found += [child, *descendants(child)]
    return found


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def modes(path: Path) -> dict[str, int]:
    """The permissions of a folder and of everything above it."""
    return {str(folder): folder.stat().st_mode for folder in (path, *path.parents)}
