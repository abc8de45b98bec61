"""One child process of `make run`: started, watched, started again when it dies, ended with everything it started."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded import identity
from config.embedded.identity import Unavailable

SLOWEST_RESTART = 30.0
"""Seconds; a child that keeps dying is started after 0.5, 1, 2, … and at last every 30 s."""


@dataclass
class Child:
    """`ready` says whether it does its work; without it, being alive is enough."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    ready: Callable[[], bool] | None = None
    ready_within: float = 60
    grace: float = 8
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    started_at: float = 0
    next_start: float = field(default=0, repr=False)

    def start(self) -> None:
        self.started_at = time.monotonic()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                identity.tied(list(self.command)),
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Raises Unavailable, with the end of its log, if it dies or is not ready in time."""
        deadline = self.started_at + self.ready_within
        while self.ready and not self.ready():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
                raise Unavailable(f"{self.name} did not start. The end of {self.log}:\n{tail}")
            time.sleep(0.05)

    def tend(self, say: Callable[[str], None]) -> None:
        """Start it again if it has died, the later the more often that has happened."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        if not self.next_start:
            if now - self.started_at > 120:
                self.restarts = 0
            wait = min(SLOWEST_RESTART, 0.5 * 2**self.restarts)
            self.next_start, self.restarts = now + wait, self.restarts + 1
            self.kill_group()
            how = ending(self.process.returncode)
            say(f"{self.name} ended ({how}); starting it again in {wait:g} s, see {self.log}")
        elif now >= self.next_start:
            self.next_start = 0
            self.start()

    def ask_to_stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def finish(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic seconds), then end by force whatever is left of it."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        self.kill_group()
        self.process.wait()

    def kill_group(self) -> None:
        if self.process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def stop_all(children: Sequence[Child]) -> None:
    """Ask all of them at once, then wait for each."""
    for child in children:
        child.ask_to_stop()
    began = time.monotonic()
    for child in children:
        child.finish(began + child.grace)
