"""What flags weigh, and how long they take to load: `python -m bench.flags_weigh HOW ENVIRONMENT FOLDER` in a process
of its own, which writes what it found as JSON. HOW: `database` (and keep a copy in FOLDER), `disk`, or `traced`.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.flags_process import resident
from tests.services import ROOT

WAYS = ("database", "disk", "traced")


@dataclass(frozen=True)
class Weighed:
    """Seconds to read the snapshot and to compile it, bytes of memory that it then takes."""

    read: float
    compiled: float
    bytes: int


def weigh(how: str, environment: int, folder: Path, variables: Mapping[str, str]) -> Weighed:
    """In a fresh process."""
    command = [sys.executable, "-m", "bench.flags_weigh", how, str(environment), str(folder)]
    done = subprocess.run(
        command, env={**os.environ, **variables}, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return Weighed(**json.loads(done.stdout))


def main(how: str, environment: int, folder: Path) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from flags import disk, snapshot
    from flags.serving import Holder

    load: Callable[[], Mapping[int, snapshot.Snapshot]]
    load = (lambda: disk.read_all(folder)) if how == "disk" else (lambda: snapshot.load({environment}))
    holder = Holder(folder)
    if how != "disk":
        snapshot.load(set())  # whatever the first query costs
    gc.collect()
    before = _weight(how)
    began = time.perf_counter()
    read = load()
    middle = time.perf_counter()
    holder.hold(read)
    ended = time.perf_counter()
    gc.collect()
    grown = _weight(how) - before
    if how == "database":
        disk.save(read[environment], folder)
    json.dump({"read": middle - began, "compiled": ended - middle, "bytes": grown}, sys.stdout)


def _weight(how: str) -> int:
    if how != "traced":
        return resident()
    if not tracemalloc.is_tracing():
        tracemalloc.start()
    return tracemalloc.get_traced_memory()[0]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
