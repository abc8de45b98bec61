"""The outbound client, against a real server on loopback."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pytest_django.fixtures import Settings

from core import http


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _ in range(50):
                time.sleep(0.1)
                self.wfile.write(b".")
            return
        if self.path == "/drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            for _ in range(50):
                time.sleep(0.1)
                self.wfile.write(b"x")
            return
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(self.path.encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()
        self.wfile.write(body + (self.headers["X-Thing"] or "").encode())

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.SLIPWAY_HTTP_ALLOW = [f"127.0.0.1:{server.server_port}"]
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_it_gets_and_posts(address: str) -> None:
    assert http.get(f"{address}/stats?filter=x", timeout=5) == http.Response(200, b"/stats?filter=x")
    assert http.post(address, timeout=5, body=b"hi", headers={"X-Thing": "!"}) == http.Response(201, b"hi!")


def test_a_redirect_is_an_answer(address: str) -> None:
    assert http.get(f"{address}/away", timeout=5).status == 302


@pytest.mark.parametrize("path", ["slow", "drip"])
def test_the_deadline_bounds_the_whole_exchange(address: str, path: str) -> None:
    began = time.monotonic()
    with pytest.raises(http.Unreachable):
        http.get(f"{address}/{path}", timeout=0.5)
    assert time.monotonic() - began < 1.5


def test_a_private_address_is_refused_unless_named(address: str, settings: Settings) -> None:
    settings.SLIPWAY_HTTP_ALLOW = []
    for url in (address, address.replace("127.0.0.1", "localhost"), "http://169.254.169.254/", "http://[::1]:80/"):
        with pytest.raises(http.Unreachable, match="private"):
            http.get(url, timeout=1)
    settings.SLIPWAY_HTTP_ALLOW = ["127.0.0.0/8"]
    assert http.get(address, timeout=5).status == 200


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "2130706433", "0x7f000001", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fec0::1]"],
)
def test_a_private_address_is_refused_however_it_is_written(address: str, settings: Settings) -> None:
    settings.SLIPWAY_HTTP_ALLOW = []
    with pytest.raises(http.Unreachable, match="private"):
        http.get(f"http://{address}/", timeout=0.2)


@pytest.mark.parametrize("path", [":99999/", "/größe", f"{'x' * 70}.example/", "/a b"])
def test_p12_an_address_that_cannot_be_asked_is_unreachable(path: str, settings: Settings) -> None:
    settings.SLIPWAY_HTTP_ALLOW = ["127.0.0.1"]
    with pytest.raises(http.Unreachable):
        http.get(f"http://127.0.0.1{path}", timeout=1)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://user:secret@127.0.0.1/", "gopher://x/", "http:///x"])
def test_other_addresses_are_refused_without_repeating_secrets(url: str) -> None:
    with pytest.raises(http.Unreachable) as refused:
        http.get(url, timeout=1)
    assert "secret" not in str(refused.value)


def test_nobody_there_is_unreachable(settings: Settings) -> None:
    settings.SLIPWAY_HTTP_ALLOW = ["127.0.0.1"]
    with pytest.raises(http.Unreachable):
        http.get("http://127.0.0.1:1/", timeout=1)
