"""P10 at the real proxy: sticky by user, monotone, and honest about what it forgets."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from config.embedded import envoy as wheel
from config.embedded import identity, ports
from demo.services import envoy
from demo.services.versions import BLUE, GREEN, Version

USERS = [f"user-{n:03d}" for n in range(300)]


class Proxy:
    """Both versions of search and a real Envoy before them."""

    def __init__(self, folder: Path) -> None:
        self.port, self.admin, self.blue, self.green = ports.free(4)
        self.log, self.file = folder / "access.log", folder / "envoy.json"
        envoy.write(self.file, port=self.port, admin=self.admin, blue=self.blue, green=self.green, access_log=self.log)
        self.running: list[subprocess.Popen[bytes]] = []
        self.http = httpx.Client(timeout=10)

    def start_search(self, slot: str, port: int, build: Version) -> None:
        options = ["--slot", slot, "--port", str(port), "--version", build.version, "--digest", build.digest]
        self._start([sys.executable, "-m", "demo.services.search", *options], port)

    def start_envoy(self) -> None:
        self._start(envoy.command(wheel.find_program(), self.file), self.port)

    def stop_last(self) -> None:
        process = self.running.pop()
        process.kill()
        process.wait()

    def set_green(self, weight: int) -> None:
        keys = {f"{envoy.PREFIX}.blue": envoy.TOTAL - weight, f"{envoy.PREFIX}.green": weight}
        answer = self.http.post(f"http://127.0.0.1:{self.admin}/runtime_modify", params=keys)
        assert answer.text == "OK\n"

    def slot(self, user: str | None) -> str:
        headers = {"x-user-id": user} if user else {}
        return self.http.get(f"http://127.0.0.1:{self.port}/version", headers=headers).headers["x-slot"]

    def on_green(self) -> set[str]:
        with ThreadPoolExecutor(8) as pool:
            return {user for user, slot in zip(USERS, pool.map(self.slot, USERS), strict=True) if slot == "green"}

    def _start(self, command: list[str], port: int) -> None:
        self.running.append(subprocess.Popen(identity.tied(command), stderr=subprocess.DEVNULL))
        wait_for(lambda: ports.answers(port))


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    proxy = Proxy(tmp_path)
    try:
        proxy.start_search("blue", proxy.blue, BLUE)
        proxy.start_search("green", proxy.green, GREEN)
        proxy.start_envoy()
        yield proxy
    finally:
        while proxy.running:
            proxy.stop_last()
        proxy.http.close()


def test_p10_who_has_it_at_5_percent_has_it_at_25_and_a_user_stays_where_they_are(proxy: Proxy) -> None:
    seen = []
    for weight in (0, 50, 250, 500, 1000):
        proxy.set_green(weight)
        seen.append(proxy.on_green())
        assert proxy.on_green() == seen[-1], f"not sticky at {weight}"
    for before, after in pairwise(seen):
        assert before <= after
    assert [len(seen[0]), len(seen[-1])] == [0, len(USERS)]
    assert 5 <= len(seen[1]) <= 30, "5 % of 300 users is about 15"
    assert 50 <= len(seen[2]) <= 100, "25 % of 300 users is about 75"


def test_p10_requests_without_a_user_stay_on_the_stable_version(proxy: Proxy) -> None:
    proxy.set_green(1000)
    assert {proxy.slot(None) for _ in range(20)} == {"blue"}


def test_a_restarted_proxy_has_forgotten_its_weights(proxy: Proxy) -> None:
    proxy.set_green(1000)
    assert proxy.on_green()
    proxy.stop_last()
    proxy.start_envoy()
    assert not proxy.on_green()


def test_the_access_log_has_what_evidence_per_user_needs(proxy: Proxy) -> None:
    proxy.slot("user-007")
    wait_for(lambda: proxy.log.exists() and proxy.log.read_text().endswith("\n"))
    line = json.loads(proxy.log.read_text().splitlines()[-1])
    assert line["user"] == "user-007"
    assert line["cluster"] == "blue"
    assert line["status"] == 200
    assert isinstance(line["duration_ms"], int)
    assert line["path"] == "/version"
    assert line["time"].endswith("Z")


def test_hurting_the_new_version_makes_it_slower_and_says_so(proxy: Proxy) -> None:
    url = f"http://127.0.0.1:{proxy.green}"
    assert proxy.http.get(f"{url}/hurt").json() == {"on": False}
    assert proxy.http.post(f"{url}/hurt", json={"on": "yes"}).status_code == 422
    assert proxy.http.post(f"{url}/hurt", json={"on": True}).json() == {"on": True}
    took = sorted(proxy.http.get(f"{url}/search?q=kettle").elapsed.total_seconds() for _ in range(15))
    assert took[7] > 0.073


def test_the_new_version_forgives_a_typo_and_the_old_one_does_not(proxy: Proxy) -> None:
    found = {
        slot: proxy.http.get(f"http://127.0.0.1:{port}/search?q=kettel").json()["items"]
        for slot, port in (("blue", proxy.blue), ("green", proxy.green))
    }
    assert found["blue"] == []
    assert "kettle" in found["green"][0]["name"]
