"""The demo's own processes: search in two versions, the proxy in front of it, its visitors, and a mailbox."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.embedded import envoy as envoy_wheel
from config.embedded import ports
from config.embedded.child import Child
from demo.services import envoy
from demo.services.versions import BLUE, GREEN, Version

LARGEST_LOG = 64 << 20
"""Bytes after which the access log is started anew; readers follow it by its inode."""


@dataclass(frozen=True)
class Addresses:
    """Loopback ports of the demo, kept from one start to the next where they are still free."""

    search: int
    envoy_admin: int
    blue: int
    green: int

    @classmethod
    def choose(cls, file: Path) -> "Addresses":
        known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        names = list(cls.__dataclass_fields__)
        if set(known) != set(names) or not all(ports.is_free("127.0.0.1", port) for port in known.values()):
            known = dict(zip(names, ports.free(len(names)), strict=True))
            file.write_text(json.dumps(known))
        return cls(**known)

    def environment(self, access_log: Path) -> dict[str, str]:
        """Where Slipway finds the route it moves and the evidence it judges by; what is given already wins."""
        admin = f"http://127.0.0.1:{self.envoy_admin}"
        route = {"prefix": envoy.PREFIX, "defaults": {"blue": envoy.TOTAL, "green": 0}}
        routers = {
            "flag": {"backend": "flag", "options": {}},
            "envoy": {"backend": "envoy", "options": {"admin_url": admin, "routes": {"search": route}}},
        }
        metrics = {
            "access_log": {"backend": "access_log", "options": {"path": str(access_log)}},
            "envoy": {"backend": "exposition", "options": {"url": f"{admin}/stats/prometheus"}},
        }
        every = (self.search, self.envoy_admin, self.blue, self.green)
        return {
            "SLIPWAY_ROUTERS": json.dumps(routers),
            "SLIPWAY_METRICS": json.dumps(metrics),
            "SLIPWAY_HTTP_ALLOW": ",".join(f"127.0.0.1:{port}" for port in every),
            "SLIPWAY_DEMO_SEARCH": f"http://127.0.0.1:{self.search}",
            "SLIPWAY_DEMO_ENVOY": admin,
            "SLIPWAY_DEMO_BLUE": f"http://127.0.0.1:{self.blue}",
            "SLIPWAY_DEMO_GREEN": f"http://127.0.0.1:{self.green}",
        }


def children(addresses: Addresses, data: Path, environment: Mapping[str, str]) -> list[Child]:
    """In the order in which they start. Raises Unavailable where there is no Envoy."""
    logs = data / "log"
    bootstrap = data / "envoy.json"
    envoy.write(
        bootstrap,
        port=addresses.search,
        admin=addresses.envoy_admin,
        blue=addresses.blue,
        green=addresses.green,
        access_log=logs / "access.log",
    )

    def search(slot: str, port: int, build: Version) -> Child:
        options = ["--slot", slot, "--port", str(port), "--version", build.version, "--digest", build.digest]
        options += ["--notes", str(data / "demo.json")]
        command = [sys.executable, "-m", "demo.services.search", *options]
        return Child(f"search ({slot})", command, environment, logs / f"search-{slot}.log", lambda: ports.answers(port))

    proxy = envoy.command(envoy_wheel.find_program(), bootstrap)
    rate = environment.get("SLIPWAY_TRAFFIC", "60")
    visitors = [sys.executable, "-m", "demo.services.traffic", "--port", str(addresses.search), "--rate", rate]
    return [
        search("blue", addresses.blue, BLUE),
        search("green", addresses.green, GREEN),
        Child("envoy", proxy, environment, logs / "envoy.log", lambda: ports.answers(addresses.search)),
        Child("traffic", visitors, environment, logs / "traffic.log"),
    ]


def mailbox(port: int, data: Path, environment: Mapping[str, str]) -> Child:
    """Keeps every mail that is sent as a file in `data/mail`."""
    command = [sys.executable, "-m", "demo.services.mail", "--port", str(port), "--folder", str(data / "mail")]
    return Child("mail", command, environment, data / "log" / "mail.log", lambda: ports.answers(port))


def rotate(access_log: Path) -> bool:
    """Set a large access log aside; True if Envoy must now be told to open it again."""
    if not access_log.exists() or access_log.stat().st_size < LARGEST_LOG:
        return False
    access_log.rename(access_log.with_suffix(".log.1"))
    return True
