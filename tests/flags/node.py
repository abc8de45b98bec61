"""Clients under Node.js, and a wire to the server that can be cut."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.embedded import identity
from tests.services import ROOT

Said = dict[str, Any]


def install(folder: Path) -> None:
    """The clients that the lock names. Raises RuntimeError with what is missing."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["sh", str(ROOT / "tests/node.sh"), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)


class Client:
    """A script of `tests/flags/js` that runs: it is asked line by line, and tells line by line."""

    def __init__(self, folder: Path, script: str, *arguments: str) -> None:
        command = identity.tied(["node", script, *arguments])
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.said: list[Said] = []
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")

    def hear(self, fits: Callable[[Said], bool], seconds: float = 10) -> Said:
        """The next thing told that fits. Raises AssertionError if none comes."""
        until = time.monotonic() + seconds
        while True:
            try:
                self.said.append(json.loads(self._lines.get(timeout=max(0.01, until - time.monotonic()))))
            except queue.Empty:
                raise AssertionError(f"nothing of that was told, but {self.said}") from None
            if fits(self.said[-1]):
                return self.said[-1]

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)


@contextmanager
def client(folder: Path, script: str, *arguments: str) -> Iterator[Client]:
    running = Client(folder, script, *arguments)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


class Wire:
    """Between a client and the server at `url`. `cut` ends every connection; new ones are let through."""

    def __init__(self, url: str) -> None:
        self._to = (urlsplit(url).hostname, urlsplit(url).port)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        for one in self._open:
            _shut(one)
        self._open = []

    def close(self) -> None:
        self._door.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
                far = socket.create_connection(self._to)
            except OSError:
                return
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _carry(one: socket.socket, other: socket.socket) -> None:
    try:
        while got := one.recv(65536):
            other.sendall(got)
    except OSError:
        pass
    _shut(other)


def _shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
