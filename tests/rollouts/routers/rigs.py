"""A real Envoy for tests, and a proxy before its admin address that can hold a write back."""

import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from config.embedded import envoy as wheel
from config.embedded import identity, ports
from demo.services import envoy


class RealEnvoy:
    """Started without anything behind it: its runtime is what matters here. A restart forgets."""

    def __init__(self, folder: Path) -> None:
        self.port, self.admin, blue, green = ports.free(4)
        self.file = folder / "envoy.json"
        envoy.write(
            self.file, port=self.port, admin=self.admin, blue=blue, green=green, access_log=folder / "access.log"
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            identity.tied(envoy.command(wheel.find_program(), self.file)), stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 20
        while not ports.answers(self.admin):
            assert time.monotonic() < until, "Envoy did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def configured(self, admin: int | None = None) -> dict[str, Any]:
        """For `SLIPWAY_ROUTERS`."""
        route = {"prefix": envoy.PREFIX, "defaults": {"blue": envoy.TOTAL, "green": 0}}
        url = f"http://127.0.0.1:{admin or self.admin}"
        return {"backend": "envoy", "options": {"admin_url": url, "routes": {"search": route}}}


class HoldingProxy:
    """Passes requests on to `port`, one per connection; those whose first line holds `held` wait for `let_go`."""

    def __init__(self, port: int, held: bytes) -> None:
        self.to, self.held = port, held
        self.let_go, self.holding = threading.Event(), threading.Event()
        self.passed_on = threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.let_go.set()
        self.server.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client:
            client.settimeout(5)
            request = b""
            while b"\r\n\r\n" not in request:
                piece = client.recv(65_536)
                if not piece:
                    return
                request += piece
            mine = self.held in request.split(b"\r\n", 1)[0]
            if mine:
                self.holding.set()
                self.let_go.wait(60)
            request = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
            with socket.create_connection(("127.0.0.1", self.to), timeout=5) as server:
                server.sendall(request)
                while piece := server.recv(65_536):
                    try:
                        client.sendall(piece)
                    except OSError:
                        pass  # whoever asked has given up long ago; the write happens all the same
            if mine:
                self.passed_on.set()
