"""A crowd of applications that listen for changes, each on a connection of its own, and ask again when told to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

import orjson

from bench import flags_load
from flags.ofrep.evaluate import PATH
from flags.ofrep.stream import PATH as STREAM
from tests.watchers import until

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Listener:
    """One application. `heard`: when an event came; `got`: when it had which values, in seconds of the monotonic clock.

    One with a `ticket` listens as a browser does, by the address that its bulk answer named; others show their key.
    """

    port: int
    key: str
    ticket: bool = False
    asks: bool = True
    open: bool = False
    heard: list[float] = field(default_factory=list)
    got: list[tuple[float, dict[str, object]]] = field(default_factory=list)
    etag: str = ""

    def had(self, flag: str, value: object, since: float) -> float | None:
        """When it had this value first, after `since`."""
        return next((at for at, values in self.got if at > since and values[flag] == value), None)

    async def live(self) -> None:
        """Until cancelled."""
        asking = await asyncio.open_connection("127.0.0.1", self.port)
        address = await self._fetch(asking) if self.asks or self.ticket else STREAM.decode()
        listening = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            await self._listen(listening, asking, address)
        finally:
            for _, writer in (asking, listening):
                writer.close()

    async def _listen(self, line: Line, asking: Line, address: str) -> None:
        reader, writer = line
        shown = "" if self.ticket else f"Authorization: Bearer {self.key}\r\n"
        writer.write(f"GET {address} HTTP/1.1\r\nHost: bench\r\n{shown}\r\n".encode())
        status = int((await reader.readline()).split()[1])
        assert status == 200, status
        async for text in reader:
            self.open = self.open or text.startswith(b"retry:")
            if text.startswith(b"data: "):
                self.heard.append(time.monotonic())
                if self.asks:
                    await self._fetch(asking, orjson.loads(text[6:])["etag"])

    async def _fetch(self, line: Line, told: str = "") -> str:
        """All flags; the address of the stream."""
        reader, writer = line
        query = f"?flagConfigEtag={quote(told)}" if told else ""
        known = [f"If-None-Match: {self.etag}"] if self.etag else []
        body = orjson.dumps({"context": {"targetingKey": "user-1"}})
        headers = [f"Authorization: Bearer {self.key}", *known]
        writer.write(flags_load.request(PATH.decode() + query, body, headers))
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        said = await reader.readexactly(int(lines.get("content-length", "0")))
        self.etag = lines["etag"]
        if head.split(" ", 2)[1] == "304":
            return ""
        answer = orjson.loads(said)
        self.got.append((time.monotonic(), {flag["key"]: flag.get("value") for flag in answer["flags"]}))
        return str(answer["eventStreams"][0]["endpoint"]["requestUri"])


@asynccontextmanager
async def crowd(listeners: Sequence[Listener]) -> AsyncIterator[None]:
    """All of them listening; they leave at the end of the block, which ends early with whatever one of them raises."""
    async with asyncio.TaskGroup() as group:
        tasks = []
        for listener in listeners:
            tasks.append(group.create_task(listener.live()))
            await asyncio.sleep(0.001)  # as fast as a server accepts
        await until(lambda: all(one.open for one in listeners), 60)
        yield
        for task in tasks:
            task.cancel()
