"""From which sites a browser may use a key: written as browsers say it."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

MOST = 20
LONGEST = 200
ANY = "*"


def parse_origins(given: Iterable[str]) -> list[str]:
    """As browsers send them (``https://shop.example``), each once, in the order given. Raises ValueError with a
    sentence for the reader.
    """
    found = list(dict.fromkeys(_origin(text.strip()) for text in given if text.strip()))
    if len(found) > MOST:
        raise ValueError(f"A key may have {MOST} origins.")
    return found


def _origin(text: str) -> str:
    if text == ANY:
        return text
    wrong = ValueError(f"{text[:60]} is not an origin: write it as https://shop.example, without a path; or * for any.")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = (parts.hostname or "").encode("idna" if not (parts.hostname or "").isascii() else "ascii").decode()
    except (ValueError, UnicodeError):
        raise wrong from None
    bare = not (parts.username or parts.password or parts.query or parts.fragment) and parts.path in ("", "/")
    if parts.scheme not in ("http", "https") or not host or not bare or len(text) > LONGEST or "*" in host:
        raise wrong
    named = port if port not in (None, {"http": 80, "https": 443}[parts.scheme]) else None
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{named}" if named is not None else "")
