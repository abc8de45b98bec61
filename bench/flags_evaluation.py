"""What evaluation alone costs: no server, no protocol, in processor time of this process."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench import flags_world
from flags.evaluation import Together, compile_all

USERS = 200
RULES = 10
TIMES = 7


@dataclass(frozen=True)
class Cost:
    """Microseconds, of `flags` flags with ten rules each: to build one, to ask one of all, and to ask just one."""

    flags: int
    built: float
    in_bulk: float
    alone: float


def costs(counts: Sequence[int] = (10, 100, 1_000), users: int = USERS) -> list[Cost]:
    return [_cost(count, [flags_world.context(number) for number in range(users)]) for count in counts]


def _cost(count: int, users: list[dict[str, Any]]) -> Cost:
    definitions = flags_world.definitions(count, RULES)
    built = compile_all(definitions, flags_world.SEGMENTS)
    together = Together(list(built.values()), flags_world.SEGMENTS)
    names = list(definitions)
    some = users[: max(10, 20_000 // count)]

    def bulk() -> None:
        for user in some:
            together.decide(user)

    def alone() -> None:
        for number, user in enumerate(users):
            built[names[number * 7 % count]].decide(user)

    return Cost(
        flags=count,
        built=_seconds(lambda: compile_all(definitions, flags_world.SEGMENTS), 3) / count * 1e6,
        in_bulk=_seconds(bulk, TIMES) / (count * len(some)) * 1e6,
        alone=_seconds(alone, TIMES) / len(users) * 1e6,
    )


def _seconds(act: Callable[[], object], times: int) -> float:
    """Of a processor, the median."""
    act()
    took = []
    gc.collect()
    for _ in range(times):
        began = time.thread_time()
        act()
        took.append(time.thread_time() - began)
    return statistics.median(took)
