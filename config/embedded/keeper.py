"""Two processes watch over each other, so that nothing is left behind even if one of them is killed by force.

The *keeper* is what the shell started. The *supervisor* is its only child and starts everything else. If the supervisor
dies, the keeper inherits all that it had started (as their "subreaper") and ends it; if the keeper dies, the kernel
tells the supervisor, which shuts down in order.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE = 20.0
"""Seconds that the orphans of a killed supervisor get to end by themselves; PostgreSQL writes a checkpoint then."""


def keep(supervise: Callable[[], int]) -> int:
    """Run `supervise` in a child process and return its exit code once nothing of it is left."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if "MAKELEVEL" in os.environ:  # started by make: end with it
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM.value, 0, 0, 0)
    sys.stdout.flush()
    keeper, signal_mask = os.getpid(), signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    supervisor = os.fork()
    if supervisor == 0:
        os.setsid()  # Ctrl-C reaches the keeper only, which passes it on once
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM.value, 0, 0, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, signal_mask)
        _exit(supervise() if os.getppid() == keeper else 1)

    def pass_on(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(supervisor, signal.SIGTERM)

    for number in ENDINGS:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_SETMASK, signal_mask)
    code = _reap_until(supervisor)
    _sweep()
    return code


def _exit(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _reap_until(supervisor: int) -> int:
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == supervisor:
            return os.waitstatus_to_exitcode(status)


def _sweep() -> None:
    """End whatever fell to us. PostgreSQL has had its SIGINT from the kernel; a SIGTERM too would make it wait."""
    deadline, asked = time.monotonic() + GRACE, set[int]()
    while children := _children():
        for pid in children:
            late = time.monotonic() > deadline
            if late or pid not in asked:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL if late else _gentle(pid))
                asked.add(pid)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.05)


def _gentle(pid: int) -> signal.Signals:
    command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0] if Path(f"/proc/{pid}").exists() else b""
    return signal.SIGINT if command.endswith(b"/postgres") else signal.SIGTERM


def _children() -> list[int]:
    """The living direct children of this process; their own children fall to us when they end."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        found += [int(pid) for pid in (task / "children").read_text().split()]
    return found
