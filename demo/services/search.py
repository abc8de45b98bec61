"""The search service that the demo releases: `python -m demo.services.search --slot green --port 7002 …`.

A healthy request takes about 60 ms, log-normally and with a thin tail, so that a bound 22 % above is crossed by
fewer than one request in ten thousand; hurt, by almost every one. `POST /hurt {"on": true}` makes this process 35 %
slower and lets 2 % of requests fail, until it is told otherwise or restarted. Loopback only.
"""

import argparse
import asyncio
import contextlib
import json
import math
import random
import signal
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from demo.services import catalogue
from demo.services.asker import Asker

MEDIAN_MS = 60.0
SPREAD = 0.05
"""Standard deviation of the logarithm of the latency."""
HURT_SLOWER = 1.35
HURT_FAILING = 0.02
UNLUCKY_FAILING = 0.3
"""Share of failing requests of those users whose account is broken, whatever version serves them."""
LARGEST_BODY = 4096

Answer = tuple[int, dict[str, object]]


@dataclass
class Search:
    """One running version."""

    slot: str
    version: str
    digest: str
    forgiving: bool
    hurt: bool = False
    asker: Asker | None = None
    chance: random.Random = field(default_factory=random.Random)

    async def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Route one request; what is not known is a 404, a bad body a 422."""
        url = urlsplit(target)
        if (method, url.path) == ("GET", "/search"):
            if self.asker:
                self.asker.perhaps(headers.get("x-user-id", ""))
            return await self.search(parse_qs(url.query).get("q", [""])[0], unlucky="x-unlucky" in headers)
        if (method, url.path) == ("GET", "/version"):
            return 200, {"version": self.version, "digest": self.digest, "slot": self.slot}
        if url.path == "/hurt" and method in {"GET", "POST"}:
            return self.change(body) if method == "POST" else (200, {"on": self.hurt})
        return 404, {"title": f"No such page: {method} {url.path}"}

    async def search(self, query: str, *, unlucky: bool) -> Answer:
        slower = HURT_SLOWER if self.hurt else 1.0
        await asyncio.sleep(slower * self.chance.lognormvariate(math.log(MEDIAN_MS), SPREAD) / 1000)
        failing = (HURT_FAILING if self.hurt else 0.0) + (UNLUCKY_FAILING if unlucky else 0.0)
        if self.chance.random() < failing:
            return 500, {"title": "The search crashed."}
        items = catalogue.find(query, forgiving=self.forgiving)
        return 200, {"version": self.version, "items": [{"name": item.name, "price": item.price} for item in items]}

    def change(self, body: bytes) -> Answer:
        try:
            wanted = json.loads(body)["on"]
        except (ValueError, KeyError, TypeError):
            wanted = None
        if not isinstance(wanted, bool):
            return 422, {"title": 'The body must be {"on": true} or {"on": false}.'}
        self.hurt = wanted
        print(f"{self.slot}: hurt {'on' if wanted else 'off'}", flush=True)
        return 200, {"on": self.hurt}


async def converse(search: Search, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """HTTP/1.1 with keep-alive: as much of it as Envoy and the demo page speak."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            first, *lines = head.decode("latin-1").rstrip().split("\r\n")
            method, target, *_ = [*first.split(" "), "", ""]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = headers.get("content-length", "0")
            if not length.isdigit() or int(length) > LARGEST_BODY:
                break
            status, content = await search.answer(method, target, headers, await reader.readexactly(int(length)))
            payload = json.dumps(content).encode()
            writer.write(
                f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {len(payload)}\r\n"
                f"x-slot: {search.slot}\r\n\r\n".encode()
                + payload
            )
            await writer.drain()
    writer.close()


async def serve(search: Search, port: int) -> None:
    """Answer on loopback until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    server = await asyncio.start_server(lambda r, w: converse(search, r, w), "127.0.0.1", port)
    print(f"{search.slot}: version {search.version} on 127.0.0.1:{port}", flush=True)
    await ended.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slot", required=True, choices=["blue", "green"])
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--version", required=True)
    parser.add_argument("--digest", required=True)
    parser.add_argument("--notes", type=Path, help="the story's notes, with the address and the key of the flags")
    options = parser.parse_args()
    search = Search(options.slot, options.version, options.digest, forgiving=options.slot == "green")
    if options.notes:
        search.asker = Asker(options.notes, options.digest)
        search.asker.start()
    asyncio.run(serve(search, options.port))


if __name__ == "__main__":
    main()
