"""A lean HTTP client for load: many connections that stay open, one request under way on each, one epoll for all.

Requests are bytes that were made before, answers are kept as bytes and read afterwards. `python -m bench.flags_load
PORT SIZE` is the other end at its leanest, which tells how much this client could do (`ceiling`).
"""

from __future__ import annotations

import gc
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from config.embedded import identity, ports

LENGTH = b"content-length: "
CONNECTIONS = 32
CORES = sorted(os.sched_getaffinity(0))
SERVERS, CLIENTS = {CORES[0]}, set(CORES[1:]) or {CORES[0]}
"""The servers that are measured share one core, whoever asks them has the others."""


@dataclass
class Load:
    """What came of some requests, by their number. `took` in seconds, `busy`: processor seconds of this client."""

    seconds: float = 0.0
    busy: float = 0.0
    took: list[float] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    broken: int = 0

    @property
    def rate(self) -> float:
        return len(self.answers) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        return sorted(self.took)[int(len(self.took) * share)] * 1000


@contextmanager
def on(cores: set[int]) -> Iterator[None]:
    """This thread, and what it starts meanwhile, on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def request(path: str, body: bytes, headers: Sequence[str] = ()) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def drive(port: int, requests: Sequence[bytes], connections: int = CONNECTIONS) -> Load:
    """Each request once; a connection sends its next one as soon as it has the whole answer to the last."""
    load = Load(took=[0.0] * len(requests), answers=[b""] * len(requests))
    gc.collect()
    gc.disable()
    try:
        with on(CLIENTS):
            began, used = time.perf_counter(), time.process_time()
            _Client(port, requests, load).run(min(connections, len(requests)))
            load.seconds, load.busy = time.perf_counter() - began, time.process_time() - used
    finally:
        gc.enable()
    return load


class _Client:
    def __init__(self, port: int, requests: Sequence[bytes], load: Load) -> None:
        self.port, self.requests, self.load = port, requests, load
        self.poll = select.epoll()
        self.open: dict[int, socket.socket] = {}
        self.asked: dict[int, tuple[int, float]] = {}
        self.next = 0

    def run(self, connections: int) -> None:
        for _ in range(connections):
            self._connect()
        partial: dict[int, bytes] = {}
        while self.asked:
            for descriptor, _ in self.poll.poll(30):
                data = self.open[descriptor].recv(32_768)
                if descriptor in partial:
                    data = partial.pop(descriptor) + data if data else b""
                if not data:
                    self._lost(descriptor)
                elif whole(data):
                    self._answered(descriptor, data)
                else:
                    partial[descriptor] = data
        for connection in self.open.values():
            connection.close()
        self.poll.close()

    def _connect(self) -> None:
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open[connection.fileno()] = connection
        self.poll.register(connection, select.EPOLLIN)
        self._ask(connection.fileno())

    def _ask(self, descriptor: int) -> None:
        number = self.next
        if number < len(self.requests):
            self.next = number + 1
            self.asked[descriptor] = number, time.perf_counter()
            self.open[descriptor].send(self.requests[number])

    def _answered(self, descriptor: int, data: bytes) -> None:
        number, at = self.asked.pop(descriptor)
        self.load.took[number] = time.perf_counter() - at
        self.load.answers[number] = data
        self._ask(descriptor)

    def _lost(self, descriptor: int) -> None:
        """The other end hung up. If that was in the middle of something, it counts, and another one goes on."""
        self.poll.unregister(descriptor)
        self.open.pop(descriptor).close()
        if self.asked.pop(descriptor, None) is not None:
            self.load.broken += 1
            self._connect()


def whole(data: bytes) -> bool:
    """Whether an answer has all of its body. Those of both servers always say how long they are."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = data.find(LENGTH) + len(LENGTH)
    return len(data) >= end + 4 + int(data[at : data.find(b"\r\n", at)])


def parts(answer: bytes) -> tuple[int, bytes, bytes]:
    """Status, head and body; 0 for none."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head[9:12] or b"0"), head, body


def ceiling(requests: Sequence[bytes], size: int) -> Load:
    """The same requests, to something that answers without reading them: what this client can do."""
    port = ports.free()[0]
    with on(SERVERS):
        other = subprocess.Popen(identity.tied([sys.executable, "-m", "bench.flags_load", str(port), str(size)]))
    try:
        _wait(port)
        return drive(port, requests)
    finally:
        other.terminate()
        other.wait(20)


def _wait(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise TimeoutError(f"nothing answers on port {port}")


def respond(port: int, size: int) -> None:
    """Whatever comes, one fixed answer; until ended."""
    answer = b"HTTP/1.1 200 OK\r\n%b%d\r\n\r\n" % (LENGTH, size) + b"x" * size
    door = socket.create_server(("127.0.0.1", port), backlog=1024)
    poll = select.epoll()
    poll.register(door, select.EPOLLIN)
    lines: dict[int, socket.socket] = {}
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == door.fileno():
                line, _ = door.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                lines[line.fileno()] = line
                poll.register(line, select.EPOLLIN)
            elif lines[descriptor].recv(32_768):
                lines[descriptor].send(answer)
            else:
                poll.unregister(descriptor)
                lines.pop(descriptor).close()


if __name__ == "__main__":
    respond(int(sys.argv[1]), int(sys.argv[2]))
