"""One playground per metric source: real files, a real HTTP server, or a recording, filled with the same requests."""

import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import httpx

from rollouts.judge import Counts, Observation, Side
from rollouts.metrics import MetricSource, Query, Reading
from rollouts.metrics.access_log import AccessLogSource
from rollouts.metrics.exposition import ExpositionSource
from rollouts.metrics.recording import RecordingSource

QUERY = Query(canary="green", stable="blue")


@dataclass(frozen=True)
class Page:
    """What `fetch` gives."""

    status: int
    body: bytes


def fetch(url: str, *, timeout: float) -> Page:
    """A real GET."""
    answer = httpx.get(url, timeout=timeout)
    return Page(answer.status_code, answer.content)


def log_line(user: str | None, cluster: str = "green", status: int = 200, duration: float = 12, **more: Any) -> str:
    """A line as Envoy writes it, of a request that began now."""
    began = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    entry = {"time": began, "user": user, "cluster": cluster, "status": status, "duration_ms": duration, **more}
    return json.dumps(entry) + "\n"


class Playground(Protocol):
    """What the contract needs of a source's surroundings."""

    def source(self) -> MetricSource:
        """A source made anew, as after a restart."""
        ...

    def serve(self, cluster: str, good: int, bad: int) -> None:
        """Let requests happen."""
        ...

    def cut(self) -> None:
        """Make the source unreachable."""
        ...


class LogPlayground:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "access.log"
        self.path.touch()
        self.users = 0

    def source(self) -> MetricSource:
        return AccessLogSource(str(self.path))

    def serve(self, cluster: str, good: int, bad: int) -> None:
        with self.path.open("a") as log:
            for status in [200] * good + [503] * bad:
                self.users += 1
                log.write(log_line(f"user-{self.users}", cluster, status))

    def cut(self) -> None:
        self.path.rename(self.path.with_name("elsewhere"))


class CounterServer:
    """Envoy's /stats/prometheus, in small: `values` is what it counts, `text` overrides the whole page."""

    def __init__(self) -> None:
        self.values = {(cluster, code): 0.0 for cluster in ("blue", "green") for code in ("2", "5")}
        self.text: str | None = None
        self.status = 200
        counters = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = (counters.text if counters.text is not None else counters.page()).encode()
                self.send_response(counters.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/stats/prometheus"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def page(self) -> str:
        lines = ["# TYPE envoy_cluster_upstream_rq_xx counter"]
        for (cluster, code), value in self.values.items():
            labels = f'envoy_response_code_class="{code}",envoy_cluster_name="{cluster}"'
            lines.append(f"envoy_cluster_upstream_rq_xx{{{labels}}} {value}")
        return "\n".join(lines) + "\n"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class CounterPlayground:
    def __init__(self, server: CounterServer) -> None:
        self.server = server

    def source(self) -> MetricSource:
        return ExpositionSource(self.server.url, fetch=fetch)

    def serve(self, cluster: str, good: int, bad: int) -> None:
        self.server.values[cluster, "2"] += good
        self.server.values[cluster, "5"] += bad

    def cut(self) -> None:
        self.server.close()


class RecordingPlayground:
    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.users = 0

    def source(self) -> MetricSource:
        return RecordingSource(self.readings)

    def serve(self, cluster: str, good: int, bad: int) -> None:
        side = Side.CANARY if cluster == "green" else Side.STABLE
        at = time.time()
        seen = []
        for outcome in [False] * good + [True] * bad:
            self.users += 1
            seen.append(Observation(self.users, side, at, outcome))
        self.readings.append(Reading(cursor="", newest_at=at, observations=tuple(seen)))

    def cut(self) -> None:
        self.readings.append(Reading(cursor="", problem="The recording was told to fail."))


def tally(reading: Reading) -> dict[tuple[str, bool], int]:
    """How many requests a reading tells of, by side and outcome, whatever kind of source it came from."""
    totals = {(side.value, bad): 0 for side in Side for bad in (False, True)}
    for one in reading.observations:
        totals[one.side.value, one.bad] += 1
    counts = reading.counts or Counts(at=0)
    totals["canary", False] += counts.canary_good
    totals["canary", True] += counts.canary_bad
    totals["stable", False] += counts.stable_good
    totals["stable", True] += counts.stable_bad
    return totals
