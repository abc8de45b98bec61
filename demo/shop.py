"""What the shop's services say of themselves, and the lever that hurts the new version. Loopback, one second each."""

import json
import re
from dataclasses import dataclass

from core import http
from core.errors import Refused
from demo.addresses import addresses

TIMEOUT = 1.0
_COUNT = re.compile(r"^cluster\.(blue|green)\.upstream_rq_(total|5xx): (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Shop:
    """Requests answered since Envoy started, by version, and whether green is hurt (None: it does not answer)."""

    answered: dict[str, int]
    failed: dict[str, int]
    hurt: bool | None


def look() -> Shop:
    """Ask Envoy and green. Never raises: what does not answer is empty."""
    counts: dict[tuple[str, str], int] = {}
    for cluster, kind, number in _COUNT.findall(_get(f"{addresses().envoy}/stats?filter=upstream_rq_(total|5xx)$")):
        counts[cluster, kind] = int(number)
    return Shop(
        answered={name: counts.get((name, "total"), 0) for name in ("blue", "green")},
        failed={name: counts.get((name, "5xx"), 0) for name in ("blue", "green")},
        hurt=_hurt(),
    )


def hurt(*, on: bool) -> None:
    """Make green 35 % slower and let 2 % of its answers crash, or heal it. Raises Refused if it does not answer."""
    address = addresses().green
    try:
        answer = http.post(f"{address}/hurt", timeout=TIMEOUT, body=json.dumps({"on": on}).encode())
    except (http.Unreachable, ValueError) as error:
        raise Refused(f"The green version does not answer: {error}") from error
    if answer.status != 200:
        raise Refused(f"The green version answered {answer.status}.")


def _hurt() -> bool | None:
    try:
        return bool(json.loads(_get(f"{addresses().green}/hurt"))["on"])
    except (ValueError, KeyError, TypeError):
        return None


def _get(url: str) -> str:
    try:
        answer = http.get(url, timeout=TIMEOUT)
    except (http.Unreachable, ValueError):
        return ""
    return answer.body.decode("utf-8", "replace") if answer.status == 200 else ""
