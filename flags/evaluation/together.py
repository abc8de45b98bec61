"""All flags for one user at once, as a bulk answer wants them.

Many rules ask the same of a user, and many users are alike. So each attribute is read once; which tests its value
passes is looked up, or tried and remembered; and what a flag gives is looked up by which of its tests were passed.
Whatever is not remembered is asked of the flag itself, so a rule has one meaning only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flags.evaluation.buckets import hashed
from flags.evaluation.compiler import Compiled
from flags.evaluation.conditions import compile_condition
from flags.evaluation.definition import Condition
from flags.evaluation.operators import Fits
from flags.evaluation.serves import Buckets, Choose, Gives

BLOCK = 64
"""Flags that share one numbering of tests: beyond it, numbers of so many bits would cost more than they save."""

MOST_VALUES = 20_000
"""Remembered of all attributes together; those of one are forgotten when there is no room for the next."""

MOST_COMBINATIONS = 64
"""Remembered of one flag; others are asked for anew each time."""

LONGEST = 256
"""Longer texts are not remembered."""

Row = tuple[int, dict[int, Gives], Choose]
"""Of one flag: the bits of its tests, what it gives by which of them are set, and how to find that out."""

Attribute = tuple[str, dict[Any, int], list[tuple[int, Fits]]]
"""Its name in its object, which bits each known value sets, and all of its tests."""


class Together:
    """These flags, in this order."""

    def __init__(
        self, built: Sequence[Compiled], segments: Mapping[str, Condition], *, most_values: int = MOST_VALUES
    ) -> None:
        self._blocks = [_Block(built[at : at + BLOCK], segments) for at in range(0, len(built), BLOCK)]
        attributes = sum(len(inside) for block in self._blocks for _, inside in block.objects)
        for block in self._blocks:
            block.most = max(1, most_values // max(1, attributes))

    def decide(self, context: Any) -> list[int]:
        """The number of each flag's answer."""
        numbers: list[int] = []
        hashes: dict[str, int] = {}
        for block in self._blocks:
            block.decide(context, numbers, hashes)
        return numbers


class _Block:
    def __init__(self, built: Sequence[Compiled], segments: Mapping[str, Condition]) -> None:
        self._segments = segments
        self._known: dict[tuple[str, str, str], int] = {}
        self._of_segment: dict[str, int] = {}
        self.most = MOST_VALUES
        self.objects: list[tuple[tuple[str, ...], list[Attribute]]] = []
        self._rows: list[Row] = [self._row(one) for one in built]

    def decide(self, context: Any, numbers: list[int], hashes: dict[str, int]) -> None:
        """`hashes`: the user's, by what stands before their key. Flags of one release share theirs."""
        passed, user = self._passed(context), context.get("targetingKey")
        for bits, known, choose in self._rows:
            gives = known.get(passed & bits)
            if gives is None:
                gives = choose(context)
                if len(known) < MOST_COMBINATIONS:
                    known[passed & bits] = gives
            while type(gives) is Buckets:
                if not user:
                    gives = gives.missing
                    break
                prefix = gives.prefix
                found = hashes.get(prefix)
                if found is None:
                    found = hashes[prefix] = hashed(prefix + user)
                gives = gives.gives[bisect_right(gives.limits, found)]
            numbers.append(gives if isinstance(gives, int) else gives(context))

    def _passed(self, context: Any) -> int:
        """One bit for each test that fits this context."""
        passed = 0
        for path, attributes in self.objects:
            inside = context
            for part in path:
                inside = inside.get(part)
                if type(inside) is not dict:
                    break
            else:
                for name, known, tests in attributes:
                    value = inside.get(name)
                    kind = type(value)
                    if kind is bool:
                        value = (value,)  # true is not 1
                    elif kind is not str and kind is not int and kind is not float:
                        continue  # fits nothing
                    bits = known.get(value)
                    passed |= self._tried(context, value, known, tests) if bits is None else bits
        return passed

    def _tried(self, context: Any, value: Any, known: dict[Any, int], tests: list[tuple[int, Fits]]) -> int:
        bits = 0
        for bit, fits in tests:
            if fits(context):
                bits |= bit
        if type(value) is not str or len(value) <= LONGEST:
            if len(known) >= self.most:
                known.clear()
            known[value] = bits
        return bits

    def _row(self, one: Compiled) -> Row:
        if one.choose is None:
            return 0, {0: one.decide}, one.decide
        bits, targeting = 0, one.definition.targeting
        for rule in targeting["rules"]:
            bits |= self._asked(rule["when"])
        if targeting["pins"]:
            bits |= self._pinned(targeting["pins"])
        return bits, {}, one.choose

    def _asked(self, condition: Condition) -> int:
        """The bits of all tests in it."""
        if "attribute" in condition:
            return self._bit(condition)
        if "segment" in condition:
            key = condition["segment"]
            if key not in self._of_segment:
                self._of_segment[key] = self._asked(self._segments[key])
            return self._of_segment[key]
        bits = 0
        for part in [condition["not"]] if "not" in condition else condition.get("all") or condition["any"]:
            bits |= self._asked(part)
        return bits

    def _bit(self, test: Condition) -> int:
        name = (test["attribute"], test["op"], repr(test["value"]))  # 1, 1.0 and true are three
        if name not in self._known:
            self._known[name] = 1 << len(self._known)
            *path, last = test["attribute"].split(".")
            self._tests(tuple(path), last).append((self._known[name], compile_condition(test, {})))
        return self._known[name]

    def _pinned(self, pins: Collection[str]) -> int:
        bit = self._known["targetingKey", "pins", str(len(self._known))] = 1 << len(self._known)
        self._tests((), "targetingKey").append((bit, lambda context: context["targetingKey"] in pins))
        return bit

    def _tests(self, path: tuple[str, ...], name: str) -> list[tuple[int, Fits]]:
        """Those of one attribute."""
        found = next((inside for known, inside in self.objects if known == path), None)
        if found is None:
            found = []
            self.objects.append((path, found))
        for known, _, tests in found:
            if known == name:
                return tests
        found.append((name, {}, []))
        return found[-1][2]
