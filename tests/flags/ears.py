"""A reader of event streams that costs next to nothing: a socket. A thousand of them fit into one test."""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit


class Ear:
    """One connection to a stream. `status` and `headers` are there once it is open."""

    def __init__(self, url: str, path: str = "/ofrep/v1/stream", **headers: str) -> None:
        place = urlsplit(url)
        self.socket = socket.create_connection((place.hostname, place.port or 80), timeout=10)
        named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nhost: {place.netloc}\r\n{named}\r\n".encode())
        self.heard = b""

    @property
    def status(self) -> int:
        self._read_until(b"\r\n\r\n")
        return int(self.heard.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        self._read_until(b"\r\n\r\n")
        lines = self.heard.split(b"\r\n\r\n", 1)[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def events(self) -> list[dict[str, Any]]:
        """What was told so far, as far as it was read."""
        lines = self.heard.decode("latin-1").splitlines()
        return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]

    def wait(self, number: int, seconds: float = 5) -> list[dict[str, Any]]:
        """The first `number` events. Raises AssertionError if they do not come."""
        until = time.monotonic() + seconds
        while len(self.events()) < number:
            left = until - time.monotonic()
            assert left > 0 and self._more(left), f"only {self.events()} came"
        return self.events()

    def wait_for_end(self, seconds: float = 5) -> None:
        """Until the other end closes the stream properly."""
        until = time.monotonic() + seconds
        while not self.heard.endswith(b"0\r\n\r\n"):
            left = until - time.monotonic()
            assert left > 0, "it goes on"
            if not self._more(left):
                return

    def close(self) -> None:
        self.socket.close()

    def _read_until(self, mark: bytes) -> None:
        while mark not in self.heard:
            assert self._more(10), "nothing came"

    def _more(self, seconds: float) -> bool:
        self.socket.settimeout(max(0.01, seconds))
        try:
            got = self.socket.recv(65536)
        except TimeoutError:
            return True
        self.heard += got
        return bool(got)
