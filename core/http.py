"""The one client for requests that leave this house: bounded in time and size, no redirects, an address guard.

The name is resolved once and the connection goes to the address that was checked, so that a second answer of a
hostile name server changes nothing. Private and loopback addresses are refused unless `settings.SLIPWAY_HTTP_ALLOW`
names the host, ``host:port`` or a network in CIDR notation.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

MAX_BODY = 16 * 1024 * 1024
_UNICAST = ipaddress.ip_network("2000::/3")  # beyond it lie site-local, embedded and translated IPv4 addresses


class Unreachable(Exception):
    """No answer: refused address, no connection, a timeout, a broken reply. The text says which."""


@dataclass(frozen=True)
class Response:
    """What came back, whatever its status; a redirect is an answer like any other."""

    status: int
    body: bytes


def get(url: str, *, timeout: float, headers: Mapping[str, str] | None = None) -> Response:
    """`timeout` in seconds bounds the whole exchange. Raises Unreachable."""
    return _ask("GET", url, timeout, None, headers)


def post(url: str, *, timeout: float, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """`timeout` in seconds bounds the whole exchange. Raises Unreachable."""
    return _ask("POST", url, timeout, body or b"", headers)


def _ask(method: str, url: str, timeout: float, body: bytes | None, headers: Mapping[str, str] | None) -> Response:
    deadline = time.monotonic() + timeout
    parts, port = _parts(url)
    try:
        connection = _connect(parts, port, timeout)
        watchdog = threading.Timer(max(deadline - time.monotonic(), 0), _cut, [connection.sock])
        watchdog.daemon = True
        watchdog.start()  # a server that drips its headers byte by byte is never silent long enough for a timeout
        try:
            if isinstance(connection.sock, ssl.SSLSocket):
                connection.sock.do_handshake()
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, path, body=body, headers={"User-Agent": "slipway", **(headers or {})})
            answer = connection.getresponse()
            return Response(answer.status, _read(answer, connection, deadline))
        finally:
            watchdog.cancel()
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a name or path that is no ASCII
        raise Unreachable(f"{parts.hostname}:{port}: {error or type(error).__name__}") from error


def _parts(url: str) -> tuple[SplitResult, int]:
    """Raises Unreachable for what is not a plain address, without repeating what may be secret in it."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Unreachable("not a plain http(s) address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise Unreachable(f"not a plain http(s) address: {parts.scheme}://{parts.hostname or ''}")
    return parts, port


def _cut(sock: socket.socket) -> None:
    """What is being read ends here. Past TLS, whose own goodbye would wait for an answer."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _connect(parts: SplitResult, port: int, timeout: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    address = _checked(host, port)
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    plain = socket.create_connection((address, port), timeout=timeout)
    try:
        secure = parts.scheme == "https"
        connection.sock = _wrapped(plain, host) if secure else plain
    except BaseException:
        plain.close()
        raise
    return connection


def _wrapped(plain: socket.socket, host: str) -> ssl.SSLSocket:
    """The handshake is done later, while the whole exchange is watched."""
    context = ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)


def _checked(host: str, port: int) -> str:
    """The address to connect to. Raises Unreachable where only refused ones are found."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address in found:
        ip = ipaddress.ip_address(address.split("%")[0])
        if _is_public(ip):
            return address
        if _allowed(host, port, ip):
            return address
    raise Unreachable(f"{host}:{port} is a private address; SLIPWAY_HTTP_ALLOW does not name it")


def _is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """A plain global address: none that another one hides in (6to4, NAT64, mapped)."""
    if isinstance(ip, ipaddress.IPv6Address) and (ip not in _UNICAST or ip.sixtofour or ip.teredo):
        return False
    return ip.is_global and not ip.is_multicast


def _allowed(host: str, port: int, ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    for entry in settings.SLIPWAY_HTTP_ALLOW:
        if entry in {host, f"{host}:{port}", f"[{host}]:{port}"}:
            return True
        if "/" in entry and ip in ipaddress.ip_network(entry, strict=False):
            return True
    return False


def _read(answer: http.client.HTTPResponse, connection: http.client.HTTPConnection, deadline: float) -> bytes:
    """The body, as long as the deadline and the bound on its size allow."""
    pieces: list[bytes] = []
    size = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out while reading")
        if connection.sock is not None:
            connection.sock.settimeout(left)
        piece = answer.read1(65_536)
        if not piece:
            if time.monotonic() >= deadline:
                raise TimeoutError("cut off while reading")
            return b"".join(pieces)
        size += len(piece)
        if size > MAX_BODY:
            raise OSError(f"answer larger than {MAX_BODY} bytes")
        pieces.append(piece)
