"""Everything that `make run` starts, for a test: real servers, real traffic, data of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from config.embedded import ports

ROOT = Path(__file__).resolve().parent.parent.parent
READY_WITHIN = 240.0
OURS = ("DATABASE_", "REDIS_", "EMAIL_", "SLIPWAY_", "DJANGO_", "PYTEST_")
"""What the test run's own environment says about its own services."""


@dataclass
class Stack:
    """A running Slipway with its demo. `story` is its demo.json."""

    process: subprocess.Popen[bytes]
    data: Path
    base: str
    story: dict[str, Any]

    def person(self, key: str) -> dict[str, str]:
        return next(one for one in self.story["people"] if one["key"] == key)

    def api(self) -> httpx.Client:
        """As Emil's pipeline."""
        token = self.story["api_tokens"]["storefront"]
        return httpx.Client(base_url=f"{self.base}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=20)

    def route(self) -> dict[str, int]:
        """What Envoy itself says it does: parts per thousand, by version."""
        entries = httpx.get(f"{self.story['addresses']['envoy']}/runtime?format=json", timeout=5).json()["entries"]
        said = {name: int(value["final_value"]) for name, value in entries.items()}
        return {slot: said.get(f"slipway.search.{slot}", default) for slot, default in (("blue", 1000), ("green", 0))}

    def answered(self) -> dict[str, int]:
        """Requests that Envoy got answered since its start, by version."""
        text = httpx.get(f"{self.story['addresses']['envoy']}/stats?filter=upstream_rq_total$", timeout=5).text
        counts = dict(line.split(": ") for line in text.splitlines() if line.startswith("cluster."))
        return {slot: int(counts.get(f"cluster.{slot}.upstream_rq_total", 0)) for slot in ("blue", "green")}


@contextmanager
def started(folder: Path, *, story: str = "") -> Iterator[Stack]:
    """Start it in `folder`; stop it, whatever happened. A `story` that is "early" begins before any build is known."""
    data, port = folder / "data", ports.free()[0]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    environment |= {"SLIPWAY_DATA": str(data), "SLIPWAY_PORT": str(port), "SLIPWAY_DEMO": "1", "SLIPWAY_STORY": story}
    with (folder / "run.log").open("wb") as log:
        command = [sys.executable, "-m", "config.embedded.run"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        _wait(process, folder / "run.log")
        facts = json.loads((data / "demo.json").read_text())
        yield Stack(process, data, f"http://localhost:{port}", facts)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_WITHIN
    while "is ready after" not in log.read_text():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"Slipway did not start:\n{log.read_text()}")
        time.sleep(0.3)
