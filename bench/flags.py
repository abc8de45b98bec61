"""What flags cost: `make bench-flags`, or quickly, `make bench-flags ARGS="--users 1000 --rounds 3 --changes 20"`.

Real serving processes on a database of their own. Throughput stands beside a bare application on the same server, asked
in turns; what it needs of a processor stands there too, because that holds however busy the machine is. The rest are
times and sizes of this machine. docs/flags-figures.md says how to read them.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import conftest  # sets Django up, which the others need  # isort: skip
from bench import flags_changes, flags_evaluation, flags_throughput, flags_weigh, flags_world
from bench.flags_changes import median, percentile
from bench.flags_load import CONNECTIONS
from bench.flags_throughput import Compared
from core.models import Environment, Product
from tests.cast import open_storefront
from tests.conftest import FreshDatabase

FLAGS, RULES = 50, 3
PARTS = ("throughput", "evaluation", "propagation", "streams", "memory")


def main() -> None:
    """Prints each table as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--users", type=int, default=10_000, help="different users, each asked for once a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--listeners", type=int, default=200, help="that ask again after each change")
    parser.add_argument("--streams", type=int, default=1_000, help="that only wait")
    parser.add_argument("--idle", type=float, default=30.0, help="seconds for which nothing happens")
    parser.add_argument("--flags", type=int, default=10_000, help="that are loaded and weighed")
    given = parser.parse_args()
    try:
        with _house() as (database, environment, folder):
            if "throughput" in given.only:
                throughput(database, environment, folder, given.users, given.rounds)
            if "evaluation" in given.only:
                evaluation()
            place = flags_changes.Place.make(environment)
            if "propagation" in given.only:
                propagation(database, folder, place, given.changes, given.listeners)
            if "streams" in given.only:
                streams(database, folder, place, given.streams, given.idle)
            if "memory" in given.only:
                memory(database, folder, given.flags)
    finally:
        conftest.SERVICES.stop()


@contextmanager
def _house() -> Iterator[tuple[FreshDatabase, Environment, Path]]:
    """Fifty flags in production."""
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        conftest.really("bench_flags", patch) as database,
    ):
        production = open_storefront().environments.get(slug="production")
        flags_world.store(production, flags_world.definitions(FLAGS, RULES))
        yield database, production, Path(folder)


def throughput(database: FreshDatabase, environment: Environment, folder: Path, users: int, rounds: int) -> None:
    made = flags_world.definitions(FLAGS, RULES)
    with flags_throughput.shop(database, environment, folder, made, users) as shop:
        found = flags_throughput.compare(shop, folder, rounds)
    title(f"throughput: {FLAGS} flags, {RULES} rules each; {users} users a round, {rounds} rounds; a core")
    bulk, single = found
    print(f"{'':<52}{'bulk':>16}{'single':>16}")
    for name, value in _figures(bulk):
        print(f"{name:<52}{value:>16}{dict(_figures(single))[name]:>16}")


def _figures(one: Compared) -> list[tuple[str, str]]:
    low, high = one.ratios[0], one.ratios[-1]
    ours, bare = one.ours, one.bare
    by_processor = ours.per_processor_second / bare.per_processor_second
    return [
        ("bytes of an answer", f"{one.size}"),
        ("requests a second", f"{ours.rate:.0f}"),
        ("requests a second, bare application", f"{bare.rate:.0f}"),
        ("ratio, median of the rounds", f"{one.ratio:.2f}"),
        ("ratio, lowest to highest", f"{low:.2f} … {high:.2f}"),
        ("ratio by processor seconds of the server", f"{by_processor:.2f}"),
        ("processor time of one answer", f"{1e6 / ours.per_processor_second:.0f} µs"),
        ("processor time of one answer, bare", f"{1e6 / bare.per_processor_second:.0f} µs"),
        (f"p50 of {CONNECTIONS} at once", f"{ours.percentile(0.5):.2f} ms"),
        (f"p99 of {CONNECTIONS} at once", f"{ours.percentile(0.99):.2f} ms"),
        (f"p99 of {CONNECTIONS} at once, bare", f"{bare.percentile(0.99):.2f} ms"),
        ("p50, one at a time", f"{one.alone.percentile(0.5):.2f} ms"),
        ("p99, one at a time", f"{one.alone.percentile(0.99):.2f} ms"),
        ("answers checked", f"{one.checked}"),
        ("answers that were wrong, or none", f"{one.wrong}"),
        ("the server had of its core, ours / bare", f"{ours.core_share:.0%} / {bare.core_share:.0%}"),
        ("the client was busy, ours / bare", f"{ours.client_share:.0%} / {bare.client_share:.0%}"),
        ("requests a second that the client can do", f"{one.ceiling:.0f}"),
    ]


def evaluation() -> None:
    title(f"evaluation alone: flags with {flags_evaluation.RULES} rules each, µs per flag")
    print(f"{'flags':<52}{'to build':>10}{'of all':>10}{'just one':>10}")
    for one in flags_evaluation.costs():
        print(f"{one.flags:<52}{one.built:>10.1f}{one.in_bulk:>10.2f}{one.alone:>10.2f}")


def propagation(database: FreshDatabase, folder: Path, place: flags_changes.Place, changes: int, count: int) -> None:
    told = flags_changes.propagation(database, folder, place, changes, count)
    title(f"propagation: {changes} changes, 2 processes, {count} streams, all ask again for {FLAGS + 1} flags")
    _spread("commit to event", told.heard)
    _spread("commit to new value in a client", told.got)
    _spread("commit to new value in the last client", told.last)


def streams(database: FreshDatabase, folder: Path, place: flags_changes.Place, count: int, idle: float) -> None:
    found = flags_changes.waiting(database, folder, place, count, 20, idle)
    title(f"{count} streams of one process")
    line("all open after", f"{found.opened:.1f} s")
    line("memory for each", f"{found.memory / 1024:.1f} KiB")
    line("of a core while nothing happens, none there", f"{found.alone:.2%}")
    line("of a core while nothing happens, all there", f"{found.idle:.2%}")
    _spread("commit to event", found.told.heard)
    _spread("commit until all have heard", found.told.last)


def memory(database: FreshDatabase, folder: Path, flags: int) -> None:
    title(f"{flags} flags in one environment, {RULES} rules each")
    large = Product.objects.create(name="Large", slug="large").environments.create(name="production", slug="production")
    flags_world.store(large, flags_world.definitions(flags, RULES))
    with tempfile.TemporaryDirectory(dir=folder) as copies:
        variables = database.environment
        found = {how: flags_weigh.weigh(how, large.pk, Path(copies), variables) for how in flags_weigh.WAYS}
    line("from the database", f"{found['database'].read:.2f} s")
    line("from disk", f"{found['disk'].read:.2f} s")
    line("to compile", f"{found['database'].compiled:.2f} s")
    line("memory per 1,000 flags (RSS)", f"{found['database'].bytes / flags * 1000 / 2**20:.1f} MiB")
    line("memory per 1,000 flags (RSS), from disk", f"{found['disk'].bytes / flags * 1000 / 2**20:.1f} MiB")
    line("memory per 1,000 flags (tracemalloc)", f"{found['traced'].bytes / flags * 1000 / 2**20:.1f} MiB")


def title(text: str) -> None:
    print(f"\n{text}", flush=True)


def line(name: str, value: str) -> None:
    print(f"{name:<52}{value:>16}", flush=True)


def _spread(name: str, took: Sequence[float]) -> None:
    line(f"{name}, median of {len(took)}", f"{median(took):.0f} ms")
    line(f"{name}, p99", f"{percentile(took, 0.99):.0f} ms")


if __name__ == "__main__":
    main()
