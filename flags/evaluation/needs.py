"""Needs: a flag that gives nothing unless others give theirs first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flags.evaluation.conditions import CannotCompile
from flags.evaluation.cycles import Graph, components
from flags.evaluation.serves import Decide, constant

MAX_NESTING = 20
"""How many flags may stand in a row, each needing the next."""

MAX_REPEATS = 64
"""How many flags are asked for one before it is worth remembering what each has answered."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A flag with its needs: `then` decides if every one of `asked` gives one of its answers, else it is `unmet`.
    `size` counts the flags that `decide` asks, itself included.
    """

    then: Decide
    unmet: int = 0
    asked: tuple[tuple[Gate, frozenset[int]], ...] = ()
    missing: bool = False
    nesting: int = 0
    size: int = 1

    @property
    def decide(self) -> Decide:
        if self.missing:
            return constant(self.unmet)
        if not self.asked:
            return self.then
        return self._direct() if self.size <= MAX_REPEATS else self._remembering()

    def _direct(self) -> Decide:
        asked = [(gate.decide, giving) for gate, giving in self.asked]
        then, unmet = self.then, self.unmet

        def decide(context: Any) -> int:
            for other, giving in asked:
                if other(context) not in giving:
                    return unmet
            return then(context)

        return decide

    def _remembering(self) -> Decide:
        """Asks each flag once, however many need it: without that, a few layers of shared needs would never end."""
        order = _each_once(self)
        place = {id(gate): number for number, gate in enumerate(order)}
        steps = [
            (gate.then, gate.unmet, gate.missing, [(place[id(other)], giving) for other, giving in gate.asked])
            for gate in order
        ]

        def decide(context: Any) -> int:
            gave: list[int] = []
            for then, unmet, missing, asked in steps:
                met = not missing and all(gave[number] in giving for number, giving in asked)
                gave.append(then(context) if met else unmet)
            return gave[-1]

        return decide


def gate(then: Decide, unmet: int, asked: Sequence[tuple[Gate, frozenset[int]] | None]) -> Gate:
    """`asked` has None for a need on a flag that is not there. Raises CannotCompile for too long a row of needs."""
    found = tuple(one for one in asked if one is not None)
    nesting = 1 + max((other.nesting for other, _ in found), default=0)
    if nesting > MAX_NESTING:
        raise CannotCompile(f"more than {MAX_NESTING} flags in a row need one another.")
    size = 1 + sum(other.size for other, _ in found)
    return Gate(then, unmet, found, len(found) < len(asked), nesting, size)


def needs_too_deep(needs: Graph) -> list[str]:
    """The flags that begin too long a row of needs. `needs`: flag → the flags it needs."""
    nesting: dict[str, int] = {}
    for component in components(needs):
        for key in component:
            rows = [nesting.get(other, 0) for other in needs[key]]
            nesting[key] = 1 + max(rows) if rows else 0
    return [key for key, deep in nesting.items() if deep > MAX_NESTING]


def _each_once(last: Gate) -> list[Gate]:
    """All that it asks, each after those it asks itself."""
    known: dict[int, Gate] = {}
    stack = [(last, False)]
    while stack:
        one, done = stack.pop()
        if done:
            known[id(one)] = one
        elif id(one) not in known:
            stack.append((one, True))
            stack += [(other, False) for other, _ in one.asked]
    return list(known.values())
