"""How quick every page is: `make bench-pages`, or `make bench-pages ARGS="--times 300"`.

A real web process on a furnished house (tests/house.py): releases, rollouts in every state, and rows enough to fill a
page. Each person signs in, each screen is asked for many times, one request after the other over one connection. The
ratio to /healthz, asked in the same minute, tells a slow page from a busy machine.
"""

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from django.test.utils import setup_test_environment

from tests import conftest, screens
from tests.house import House
from tests.journeys.site import Site, furnished
from tests.queries import cost
from tests.screens import Screen, client_of

ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100, help="requests per page")
    times = parser.parse_args().times
    setup_test_environment()
    try:
        with _house() as (site, house):
            report(site, screens.of(house), times)
    finally:
        conftest.SERVICES.stop()


@contextmanager
def _house() -> Iterator[tuple[Site, House]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        conftest.really("bench_pages", patch) as database,
        furnished(database, Path(folder)) as (site, house),
    ):
        yield site, house


def report(site: Site, seen: list[Screen], times: int) -> None:
    """One line per screen, as soon as it is measured; the slowest at the end."""
    with httpx.Client(base_url=site.base, timeout=30) as trivial:
        base = statistics.median(seconds(trivial, "/healthz", times))
    print(f"/healthz: {base * 1000:.1f} ms; {times} requests per page; kB: uncached, with style, script and icons")
    print(f"{'page':<52}{'queries':>8} {'kB':>8} {'p50 ms':>8} {'p95 ms':>8} {'× trivial':>9}", flush=True)
    slowest = (0.0, "")
    for screen in seen:
        with httpx.Client(base_url=site.base, timeout=30, cookies=site.sessions.get(screen.who)) as person:
            weight = kilobytes(person, screen.path)
            took = sorted(seconds(person, screen.path, times))
        half, most = statistics.median(took), took[int(len(took) * 0.95)]
        figures = f"{queries(screen):8} {weight:8.1f} {half * 1000:8.1f} {most * 1000:8.1f} {half / base:8.1f}"
        print(f"{screen!s:<52}{figures}", flush=True)
        slowest = max(slowest, (most, str(screen)))
    print(f"slowest p95: {slowest[1]}, {slowest[0] * 1000:.1f} ms")


def seconds(client: httpx.Client, path: str, times: int) -> list[float]:
    """How long each answer took, after five that warmed it up."""
    took = []
    for number in range(times + 5):
        began = time.perf_counter()
        client.get(path)
        if number >= 5:
            took.append(time.perf_counter() - began)
    return took


def kilobytes(client: httpx.Client, path: str) -> float:
    """The page with everything it names, as they come over the wire, without headers."""
    page = client.get(path)
    assets = sum(client.get(asset).num_bytes_downloaded for asset in set(ASSET.findall(page.text)))
    return (page.num_bytes_downloaded + assets) / 1000


def queries(screen: Screen) -> int:
    """As this process counts them."""
    client = client_of(screen.who)
    client.get(screen.path)
    return cost(lambda: client.get(screen.path))


if __name__ == "__main__":
    main()
