"""Named places at which a test may kill the process: before and after every commit, send and observe.

`SLIPWAY_FAILPOINT=name` kills the process (SIGKILL, as an operator's OOM killer would) when it passes that place;
`SLIPWAY_FAILPOINT_LOG=file` appends each name passed, so that a suite can prove that it hit them all.
"""

import os
import signal

_ARMED = os.environ.get("SLIPWAY_FAILPOINT", "")
_LOG = os.environ.get("SLIPWAY_FAILPOINT_LOG", "")
KNOWN: set[str] = set()


def declare(*names: str) -> None:
    """Say at import which failpoints a module has."""
    KNOWN.update(names)


def reach(name: str) -> None:
    """Pass the place called `name`, or die there if a test asked for it."""
    if not _ARMED and not _LOG:
        return
    assert name in KNOWN, f"failpoint {name} is not declared"
    if _LOG:
        with open(_LOG, "a") as log:
            log.write(f"{name}\n")
    if name == _ARMED:
        os.kill(os.getpid(), signal.SIGKILL)
