"""A crowd in front of one web process: many real event streams, read in one event loop, each word with its time."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from core.models import Product, User
from tests.cast import session_of


@dataclass
class Page:
    """One open page: what it heard, as (seconds of the monotonic clock, topic, name)."""

    heard: list[tuple[float, str, str]] = field(default_factory=list)
    status: int = 0
    crowded: bool = False

    def named(self, name: str) -> list[float]:
        return [at for at, _, said in self.heard if said == name]


def many_sessions(product: Product, people: int, kind: str = "viewer") -> list[dict[str, str]]:
    """The cookies of `people` people with a role in `product`."""
    return [session_of(_person(product, number, kind)) for number in range(people)]


def _person(product: Product, number: int, kind: str) -> User:
    user = User.objects.create_user(f"watcher-{number}@example.com", name=f"Watcher {number}")
    user.roles.create(product=product, kind=kind)
    return user


@asynccontextmanager
async def watching(url: str, cookies: Sequence[dict[str, str]], topic: str) -> AsyncIterator[list[Page]]:
    """One stream per cookie, all open and answered; closed at the end of the block."""
    pages = [Page() for _ in cookies]
    readers = [
        asyncio.create_task(_read(url, cookie, topic, page)) for cookie, page in zip(cookies, pages, strict=True)
    ]
    try:
        await until(lambda: all(page.status for page in pages), 30)
        yield pages
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _read(url: str, cookie: dict[str, str], topic: str, page: Page) -> None:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        session = "; ".join(f"{name}={value}" for name, value in cookie.items())
        head = f"GET /live/?topic={topic} HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: {session}\r\n\r\n"
        writer.write(head.encode())
        page.status = int((await reader.readline()).split()[1])
        async for line in reader:
            page.crowded = page.crowded or line == b"event: crowded\n"
            if line.startswith(b'data: {"topic"'):
                told = json.loads(line.removeprefix(b"data: "))
                page.heard.append((time.monotonic(), told["topic"], told["name"]))
    finally:
        writer.close()


async def until(true: Callable[[], bool], seconds: float) -> None:
    """Raises TimeoutError if it never came."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)
