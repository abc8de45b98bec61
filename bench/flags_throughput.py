"""How many evaluations a second one process on one core gives, beside a bare application on the same server.

Both servers run all the while on the same core; they are asked in turns, so that whatever else the machine does meets
both. Every answer is read afterwards: those of the first round are held against the tests' reference evaluation, those
of the others against the first.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from bench import flags_load, flags_world
from bench.flags_load import Load, parts
from bench.flags_process import processor_seconds
from core.models import Environment
from flags import keys
from flags.choices import KeyKind
from flags.evaluation import Definition, Problem, Result
from flags.ofrep.evaluate import PATH
from tests.conftest import FreshDatabase
from tests.flags import reference
from tests.flags.serve import Server, serving

WARM_UP = 1_000


@dataclass(frozen=True)
class Shop:
    """A serving process on a core of its own, and what its flags are."""

    server: Server
    key: str
    definitions: Mapping[str, Definition]
    users: Sequence[dict[str, Any]]

    def bulk(self) -> list[bytes]:
        """A request for all flags of each user."""
        return [self._request("", user) for user in self.users]

    def single(self) -> list[bytes]:
        """A request for one flag of each user, the flags in turns."""
        return [self._request(f"/{self.flag_of(number)}", user) for number, user in enumerate(self.users)]

    def flag_of(self, number: int) -> str:
        names = list(self.definitions)
        return names[number % len(names)]

    def _request(self, path: str, user: dict[str, Any]) -> bytes:
        return flags_load.request(
            PATH.decode() + path, orjson.dumps({"context": user}), [f"Authorization: Bearer {self.key}"]
        )


@contextmanager
def shop(
    database: FreshDatabase, environment: Environment, folder: Path, made: Mapping[str, Definition], users: int
) -> Iterator[Shop]:
    """One process that serves these flags of the environment, and so many users."""
    _, key = keys.issue_key(environment=environment, kind=KeyKind.SERVER, name="throughput", actor=None)
    with flags_load.on(flags_load.SERVERS), serving(database.environment, folder) as server:
        yield Shop(server, key, made, [flags_world.context(number) for number in range(users)])


@dataclass
class Side:
    """The rounds of one application. `used`: processor seconds of its server in each."""

    loads: list[Load] = field(default_factory=list)
    used: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return statistics.median(load.rate for load in self.loads)

    @property
    def per_processor_second(self) -> float:
        """Requests for each second that the server really had a core: what a busy machine does not change."""
        return sum(len(load.answers) for load in self.loads) / sum(self.used)

    @property
    def core_share(self) -> float:
        """How much of its core the server had: 1.0 where it was what everything waited for."""
        return sum(self.used) / sum(load.seconds for load in self.loads)

    @property
    def client_share(self) -> float:
        return sum(load.busy for load in self.loads) / sum(load.seconds for load in self.loads)

    def percentile(self, share: float) -> float:
        return statistics.median(load.percentile(share) for load in self.loads)


@dataclass
class Compared:
    """`wrong`: answers that were no 200, or not what the reference says; `checked`: how many were looked at."""

    name: str
    size: int = 0
    ours: Side = field(default_factory=Side)
    bare: Side = field(default_factory=Side)
    ceiling: float = 0.0
    alone: Load = field(default_factory=Load)
    checked: int = 0
    wrong: int = 0

    @property
    def ratios(self) -> list[float]:
        return sorted(mine.rate / its.rate for mine, its in zip(self.ours.loads, self.bare.loads, strict=True))

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


def compare(shop: Shop, folder: Path, rounds: int) -> list[Compared]:
    """Bulk and single."""
    asked = [shop.bulk(), shop.single()]
    found = [Compared("bulk"), Compared("single")]
    first = [flags_load.drive(shop.server.port, requests) for requests in asked]  # also warms it up
    for one, load in zip(found, first, strict=True):
        one.size = round(statistics.mean(len(parts(answer)[2]) for answer in load.answers))
    with _bare(folder, *(one.size for one in found)) as bare:
        for one, requests in zip(found, asked, strict=True):
            flags_load.drive(bare.port, _plain(one.name, requests[:WARM_UP]))
        for _ in range(rounds):
            for one, requests, before in zip(found, asked, first, strict=True):
                _round(one.bare, bare, _plain(one.name, requests))
                _round(one.ours, shop.server, requests)
                _same(one, before, one.ours.loads[-1])
    for one, requests in zip(found, asked, strict=True):
        one.ceiling = flags_load.ceiling(requests, one.size).rate
        one.alone = flags_load.drive(shop.server.port, requests[:WARM_UP], connections=1)
    found[0].wrong += wrong_bulk(shop, first[0])
    found[1].wrong += wrong_single(shop, first[1])
    return found


@contextmanager
def _bare(folder: Path, bulk: int, single: int) -> Iterator[Server]:
    sizes = {"BENCH_BULK_BYTES": str(bulk), "BENCH_SINGLE_BYTES": str(single)}
    with flags_load.on(flags_load.SERVERS), serving(sizes, folder, "bench.flags_bare") as server:
        yield server


def _plain(path: str, requests: Sequence[bytes]) -> list[bytes]:
    """The same bodies and headers, to the bare application."""
    return [request.replace(request.split(b" ", 2)[1], b"/" + path.encode(), 1) for request in requests]


def _round(side: Side, server: Server, requests: Sequence[bytes]) -> None:
    before = processor_seconds(server.process.pid)
    side.loads.append(flags_load.drive(server.port, requests))
    side.used.append(processor_seconds(server.process.pid) - before)


def _same(one: Compared, first: Load, load: Load) -> None:
    """Whoever asks again gets the same, byte for byte. Then the answers may be forgotten."""
    one.checked += len(load.answers)
    one.wrong += load.broken
    for known, said in zip(first.answers, load.answers, strict=True):
        one.wrong += parts(known)[2] != parts(said)[2] or parts(said)[0] != 200
    load.answers = [b""] * len(load.answers)


def wrong_bulk(shop: Shop, load: Load) -> int:
    """How many answers are no 200 with all flags of that user as the reference evaluates them."""
    wrong = 0
    for user, answer in zip(shop.users, load.answers, strict=True):
        status, _, body = parts(answer)
        expected = [entry(shop, key, user) for key in shop.definitions]
        wrong += status != 200 or _sorted(_by_key(orjson.loads(body)["flags"])) != _sorted(_by_key(expected))
    return wrong


def wrong_single(shop: Shop, load: Load) -> int:
    wrong = 0
    for number, (user, answer) in enumerate(zip(shop.users, load.answers, strict=True)):
        status, _, body = parts(answer)
        wrong += status != 200 or _sorted(orjson.loads(body)) != _sorted(entry(shop, shop.flag_of(number), user))
    return wrong


def entry(shop: Shop, key: str, user: dict[str, Any]) -> dict[str, Any]:
    """What the protocol says of this flag for this user."""
    found: Result | Problem = reference.evaluate(key, shop.definitions, flags_world.SEGMENTS, user)
    if isinstance(found, Problem):
        return {"key": key, "errorCode": found.code}
    return {"key": key, "value": found.value, "variant": found.variant, "reason": found.reason, "metadata": {}}


def _by_key(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An answer may have its flags in any order."""
    return sorted(entries, key=itemgetter("key"))


def _sorted(value: Any) -> bytes:
    """Comparable also where Python sees no difference: true is not 1."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
