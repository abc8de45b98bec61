"""300 people who search: `python -m demo.services.traffic --port 7000 --rate 60`.

Some search all day, most now and then (shares fall off with the rank as in Zipf's law), and one in a hundred has a
broken account that fails on either version. Requests come at random times (a Poisson process), at most `BUSY` at once,
to loopback only. When the proxy is away, everybody waits: from a tenth of a second up to five seconds.
"""

import argparse
import asyncio
import contextlib
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from urllib.parse import quote

from demo.services import catalogue

BUSY = 48
PATIENCE = 10.0
"""Seconds until somebody gives up on an answer."""
Request = tuple["User", str]


@dataclass(frozen=True)
class User:
    """One visitor; `share` is how much of the traffic is theirs, relative to the others."""

    key: str
    share: float
    unlucky: bool


def people(count: int, seed: int) -> list[User]:
    """The same people for the same seed."""
    chance = random.Random(seed)
    shares = [1 / (rank + 8) ** 0.8 for rank in range(count)]
    chance.shuffle(shares)
    unlucky = set(chance.sample(range(count), max(1, count // 100)))
    return [User(f"user-{n:03d}", share, n in unlucky) for n, share in enumerate(shares)]


def queries(chance: random.Random) -> str:
    """A word or two, one in ten with two letters swapped."""
    words = chance.sample(catalogue.WORDS, chance.choice((1, 1, 2)))
    if chance.random() < 0.1:
        at = chance.randrange(len(words[0]) - 1)
        words[0] = words[0][:at] + words[0][at + 1] + words[0][at] + words[0][at + 2 :]
    return " ".join(words)


class Visitors:
    """Generates requests into a short queue; `BUSY` connections work it off."""

    def __init__(self, port: int, rate: float, users: list[User], seed: int) -> None:
        self.port, self.rate, self.users = port, rate, users
        self.chance = random.Random(seed)
        self.waiting: asyncio.Queue[Request] = asyncio.Queue(maxsize=BUSY)
        self.seen: Counter[str] = Counter()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.arrive())
            group.create_task(self.report())
            for _ in range(BUSY):
                group.create_task(self.work())

    async def arrive(self) -> None:
        weights = list(accumulate(user.share for user in self.users))
        due = time.monotonic()
        while True:
            due = max(due + self.chance.expovariate(self.rate), time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            user = self.chance.choices(self.users, cum_weights=weights)[0]
            if self.waiting.full():
                self.seen["turned away"] += 1
            else:
                self.waiting.put_nowait((user, queries(self.chance)))

    async def work(self) -> None:
        pause = 0.1
        while True:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    while True:
                        status = await self.ask(reader, writer, await self.waiting.get())
                        self.seen[str(status)] += 1
                        # 503 without a server behind it comes at once; do not hammer.
                        pause = min(5.0, pause * 2) if status == 503 else 0.1
                        if status == 503:
                            await asyncio.sleep(pause)
                finally:
                    writer.close()
            self.seen["no connection"] += 1
            await asyncio.sleep(pause)
            pause = min(5.0, pause * 2)

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Request) -> int:
        user, query = request
        unlucky = "x-unlucky: 1\r\n" if user.unlucky else ""
        headers = f"host: storefront\r\nx-user-id: {user.key}\r\n{unlucky}"
        writer.write(f"GET /search?q={quote(query)} HTTP/1.1\r\n{headers}\r\n".encode())
        async with asyncio.timeout(PATIENCE):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
            await reader.readexactly(length)
        return int(head.split(" ", 2)[1])

    async def report(self) -> None:
        while True:
            await asyncio.sleep(10)
            print(" ".join(f"{what}={count}" for what, count in sorted(self.seen.items())), flush=True)
            self.seen.clear()


async def visit(visitors: Visitors) -> None:
    """Until SIGTERM or SIGINT."""
    running = asyncio.create_task(visitors.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", required=True, type=int, help="the proxy's, on loopback")
    parser.add_argument("--rate", type=float, default=60, help="requests a second, at most 500")
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if not 0 < options.rate <= 500 or not 0 < options.users <= 10_000:
        parser.error("the rate must be above 0 and at most 500, the users at most 10000")
    asyncio.run(visit(Visitors(options.port, options.rate, people(options.users, options.seed), options.seed)))


if __name__ == "__main__":
    main()
