"""A real serving process: granian with the flags alone, as a child that ends with the test."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from config.embedded import identity, ports
from tests.services import ROOT

logging.getLogger("httpx").setLevel(logging.WARNING)
http = httpx.Client(timeout=5)


@dataclass(frozen=True)
class Server:
    url: str
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def ask(self, key: str, flag: str = "", **context: Any) -> httpx.Response:
        """Evaluate one flag, or all."""
        path = f"{self.url}/ofrep/v1/evaluate/flags" + (f"/{flag}" if flag else "")
        body = json.dumps({"context": context})
        return http.post(path, content=body, headers={"authorization": f"Bearer {key}"})

    def ready(self) -> dict[str, Any]:
        facts: dict[str, Any] = http.get(f"{self.url}/readyz").json()
        return facts

    def kill(self) -> None:
        """The worker too: it would serve on without its parent."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(
    environment: Mapping[str, str], snapshots: Path, application: str = "flags.ofrep", port: int = 0
) -> Iterator[Server]:
    """Until the block ends; then it leaves cleanly, if it still lives."""
    port = port or ports.free()[0]
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "asgi",
        "--backpressure",
        "16384",
        "--port",
        str(port),
        f"{application}:application",
    ]
    variables = {**os.environ, **environment, "SLIPWAY_SNAPSHOTS": str(snapshots)}
    process = subprocess.Popen(identity.tied(command), cwd=ROOT, env=variables, start_new_session=True)
    server = Server(f"http://127.0.0.1:{port}", process)
    try:
        wait_for(lambda: _answers(server), 30)
        yield server
    finally:
        process.terminate()
        process.wait(20)


def wait_for(true: Callable[[], bool], seconds: float) -> float:
    """How many seconds it took. Raises AssertionError if it never came."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it never came"
        time.sleep(0.005)
    return time.monotonic() - began


def _answers(server: Server) -> bool:
    assert server.process.poll() is None, "the server ended"
    try:
        server.ready()
    except httpx.TransportError:
        return False
    return True
