"""What a process and its children have used so far: processor time to the microsecond, and memory."""

from __future__ import annotations

import contextlib
from pathlib import Path

PROC = Path("/proc")


def family(root: int) -> list[int]:
    """`root` and all that it started, directly or not."""
    parents = {}
    for file in PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(file.parent.name)] = int(file.read_text().rpartition(") ")[2].split()[1])
    found = [root]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def processor_seconds(root: int) -> float:
    """That its threads had a core. What a thread used that has ended is not known, so let it be few."""
    total = 0
    for one in family(root):
        for file in PROC.glob(f"{one}/task/*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(file.read_text().split()[0])
    return total / 1e9


def resident(root: int | None = None) -> int:
    """Bytes of memory that are in use (RSS), of this process where none is named."""
    processes = ["self"] if root is None else [str(one) for one in family(root)]
    return sum(_status(process, "VmRSS") for process in processes)


def _status(process: str, name: str) -> int:
    for line in (PROC / process / "status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0
