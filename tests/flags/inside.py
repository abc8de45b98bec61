"""The application itself, called without a server: many requests cost little, and nobody follows a database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from flags import ofrep, serving
from flags.evaluation import Definition
from flags.models import FlagKey
from flags.ofrep.evaluate import PATH
from flags.serving import Holder
from flags.snapshot import Key, Snapshot

BULK = PATH.decode()


class Still(Holder):
    """Holds what it was given and follows nobody: only the database's part is left out."""

    def start(self) -> None:
        pass


@dataclass(frozen=True)
class Said:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Inside:
    holder: Holder
    keys: dict[str, Key]
    flags: dict[str, Definition] = field(default_factory=dict)
    segments: dict[str, Any] = field(default_factory=dict)
    version: int = 0

    def hold(self, *flags: Definition, **segments: Any) -> None:
        """As another version, with the flags' numbers in the order given."""
        self.flags, self.segments, self.version = {flag.key: flag for flag in flags}, segments, self.version + 1
        ids = {key: number for number, key in enumerate(self.flags, 1)}
        keys = {FlagKey.hash(text): key for text, key in self.keys.items()}
        held = Snapshot(
            1, "storefront production", "storefront", self.version, 0.0, self.flags, ids, self.segments, keys
        )
        self.holder.hold({1: held})

    def ask(
        self,
        path: str = BULK,
        body: bytes = b"{}",
        method: str = "POST",
        key: str = "",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Said:
        lines = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        keyed = [(b"x-api-key", key.encode("latin-1"))] if key else []
        return self.send(path.encode("latin-1"), body, [*keyed, *lines], method)

    def send(self, path: bytes, body: bytes, headers: list[tuple[bytes, bytes]], method: str = "POST") -> Said:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        raw, _, query = path.partition(b"?")
        scope = {"type": "http", "method": method, "path": "", "raw_path": raw, "query_string": query}
        asyncio.run(ofrep.application({**scope, "headers": headers}, receive, send))
        said = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Said(sent[0]["status"], said, sent[1]["body"])


@contextmanager
def held(folder: Path, keys: dict[str, Key], *flags: Definition, **segments: Any) -> Iterator[Inside]:
    """This process serves these flags, until the block ends."""
    inside = Inside(Still(folder), keys)
    before, serving.holder = serving.holder, inside.holder
    try:
        inside.hold(*flags, **segments)
        yield inside
    finally:
        serving.holder = before
