"""What flags' answers depend on, laid out in one large number: each flag has a lane of so many bits, one for each of
its tests. Laid out once, when flags are built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from operator import itemgetter, or_
from struct import Struct
from typing import Any

from flags.evaluation.compiler import Compiled
from flags.evaluation.conditions import compile_condition
from flags.evaluation.definition import Condition
from flags.evaluation.operators import Fits
from flags.evaluation.patterns import Patterns

STATE = 3
NOBODY, REACHED, PINNED = 1, 2, 3
"""What the first two bits of a lane say: there is no user, the exposure reaches the user, or the user is pinned."""

FIRST_TEST = 2
"""The bit of a flag's first test."""

WIDTHS = {8: "B", 16: "H", 32: "I", 64: "Q"}
"""Bits that a lane may have, and how `struct` reads such lanes."""

Name = tuple[str, str, str]
"""Attribute, operator and value of a test; the value as Python writes it, for 1, 1.0 and true are three."""


class Attribute:
    """One that is tested. `path` leads to the object that has it, `known` says which bits a value sets; the others are
    set by `patterns` and by those of `tests` that fit.
    """

    def __init__(self, attribute: str, asked: Sequence[tuple[int, Condition]]) -> None:
        *path, self.name = attribute.split(".")
        self.path = tuple(path)
        self.known: dict[Any, int] = {}
        sources = [(bits, one["value"]) for bits, one in asked if one["op"] == "matches"]
        self.patterns = Patterns(sources)
        self.tests: list[tuple[int, Fits]] = [
            (bits, compile_condition(one, {})) for bits, one in asked if one["op"] != "matches"
        ]


class Lanes:
    """One for each of these flags. `readable`: whether a flag's tests fit in one; else it stays empty."""

    def __init__(self, flags: Sequence[Compiled], segments: Mapping[str, Condition]) -> None:
        self._flags = flags
        tests = [_tests(flag, segments) for flag in flags]
        widest = max(WIDTHS)
        self.readable = [
            flag.choose is not None and FIRST_TEST + len(found) <= widest
            for flag, found in zip(flags, tests, strict=True)
        ]
        self._tests = [found if fits else {} for found, fits in zip(tests, self.readable, strict=True)]
        most = FIRST_TEST + max(map(len, self._tests), default=0)
        self.width = next(width for width in WIDTHS if width >= most)
        self.struct = Struct(f"<{len(flags)}{WIDTHS[self.width]}")

    def everywhere(self, bit: int) -> int:
        """A number with `bit` in all lanes."""
        return sum(self._at(place, bit) for place in range(len(self._flags)))

    def pinned(self) -> dict[str, int]:
        """By user."""
        found: dict[str, int] = {}
        for place, flag in enumerate(self._flags):
            if self.readable[place]:
                for user in flag.definition.targeting["pins"]:
                    found[user] = found.get(user, 0) | self._at(place, PINNED)
        return found

    def reached(self) -> Iterator[tuple[bytes, list[int], list[int]]]:
        """For each seed the hashes at which somebody is reached no more, and who is reached below each, and beyond."""
        by_prefix: dict[bytes, list[tuple[int, int]]] = {}
        for place, flag in enumerate(self._flags):
            if self.readable[place] and flag.exposure is not None:
                limit = flag.exposure.limits[0]
                by_prefix.setdefault(flag.exposure.prefix, []).append((limit, self._at(place, REACHED)))
        for prefix, found in by_prefix.items():
            found.sort(key=itemgetter(0), reverse=True)
            below = list(accumulate((bit for _, bit in found), or_, initial=0))
            yield prefix, [limit for limit, _ in reversed(found)], below[::-1]

    def attributes(self) -> list[Attribute]:
        found: dict[str, list[tuple[int, Condition]]] = {}
        for (attribute, _, _), (condition, bits) in self._all_tests().items():
            found.setdefault(attribute, []).append((bits, condition))
        return [Attribute(attribute, tests) for attribute, tests in found.items()]

    def _all_tests(self) -> dict[Name, tuple[Condition, int]]:
        """Each test once, with its bits in the lanes of all that ask it."""
        found: dict[Name, tuple[Condition, int]] = {}
        for place, tests in enumerate(self._tests):
            for number, (name, condition) in enumerate(tests.items(), FIRST_TEST):
                _, bits = found.get(name, (condition, 0))
                found[name] = condition, bits | self._at(place, 1 << number)
        return found

    def _at(self, place: int, bit: int) -> int:
        return bit << (place * self.width)


def _tests(flag: Compiled, segments: Mapping[str, Condition]) -> dict[Name, Condition]:
    """Each test of its rules once, those of segments among them."""
    found: dict[Name, Condition] = {}
    if flag.choose is None:
        return found
    rest = [rule["when"] for rule in flag.definition.targeting["rules"]]
    known: set[str] = set()
    while rest:
        one = rest.pop()
        if "attribute" in one:
            found[one["attribute"], one["op"], repr(one["value"])] = one
        elif "segment" not in one:
            rest += [one["not"]] if "not" in one else one.get("all") or one.get("any") or []
        elif one["segment"] not in known:
            known.add(one["segment"])
            rest.append(segments[one["segment"]])
    return found
