"""Patterns: how much work each may be, and whether a text has what they look for.

RE2 goes over a text once, and looks at each byte at no more than all steps of the pattern's program. So what an answer
can cost is steps times bytes, and both have bounds: each pattern is asked about a text once, however many rules ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakValueDictionary

import re2

from flags.evaluation.definition import Condition

MAX_SUBJECT = 1_024
"""Bytes of UTF-8 that a pattern is asked about."""

MAX_STEPS = 1_250
"""Of one pattern: enough for any letter of any script, which are 1,200."""

FLAG_STEPS = 1_500
"""Of all different patterns that one flag asks, by its rules and the segments they use."""

ENVIRONMENT_STEPS = 3_000
"""Of all that an environment's flags and its product's segments ask. At worst a step takes some 13 ns for each byte, so
that all flags are answered in 40 ms where patterns and text are chosen to take long.
"""

REMEMBERED = 1_024
"""Answers about a pattern and a text: no fewer than one environment can ask for at once. Else what many flags ask would
be looked for as many times.
"""

LEAST = ENVIRONMENT_STEPS // REMEMBERED + 1
"""Steps that the smallest pattern counts for."""

MOST_TOGETHER = 16
"""Patterns of one automaton."""

SMALL, SHORT = 40, 64
"""Steps of a pattern and bytes of a text: up to there many are looked for in one pass. Elsewhere others are together,
and the answer is of no use there: it has to be cheap.
"""

Asked = tuple[str, str]
"""An attribute and a pattern that it is held against."""


def patterns_asked(conditions: Iterable[Condition]) -> set[Asked]:
    """What conditions ask themselves, without the segments that they name."""
    found, rest = set(), list(conditions)
    while rest:
        one = rest.pop()
        if one.get("op") == "matches":
            found.add((one["attribute"], one["value"]))
        rest += one.get("all") or one.get("any") or ([one["not"]] if "not" in one else [])
    return found


def all_steps(asked: Iterable[Asked]) -> int:
    """What they can cost together. One that does not compile is never asked, and costs nothing."""
    return sum(_steps_or_none(source) for _, source in asked)


@lru_cache(maxsize=REMEMBERED)
def steps(source: str) -> int:
    """Of the program that RE2 makes of it. Raises re2.error."""
    size: int = re2.compile(source, _options(1 << 18)).programsize
    return max(LEAST, size)


class Pattern:
    """Whether a text has what it looks for. Longer texts than MAX_SUBJECT never have. Raises re2.error if it does not
    compile.
    """

    __slots__ = ("__weakref__", "_match")

    def __init__(self, source: str) -> None:
        self._match = _automaton([source])

    def __call__(self, text: str) -> bool:
        return len(text) <= MAX_SUBJECT and _found(self._match, text)


class Patterns:
    """`sources`: patterns that compile, each with the bits that it sets where it is found in a text."""

    def __init__(self, sources: Sequence[tuple[int, str]]) -> None:
        small = [one for one in sources if steps(one[1]) <= SMALL]
        self._small = [(bits, one_pattern(source)) for bits, source in small]
        self._large = [(bits, one_pattern(source)) for bits, source in sources if steps(source) > SMALL]
        parts = [small[at : at + MOST_TOGETHER] for at in range(0, len(small), MOST_TOGETHER)]
        self._together = [(_automaton([source for _, source in part]), [bits for bits, _ in part]) for part in parts]

    def __call__(self, text: str) -> int:
        """The bits of all that are found in it."""
        found = 0
        subject = text.encode("utf-8", "replace") if len(text) <= SHORT else b""
        together = 0 < len(subject) <= SHORT
        if together:
            for match, several in self._together:
                for number in match(subject) or ():
                    found |= several[number]
        for bits, pattern in self._large if together else self._small + self._large:
            if pattern(text):
                found |= bits
        return found


_built: WeakValueDictionary[str, Pattern] = WeakValueDictionary()


def one_pattern(source: str) -> Pattern:
    """The same one for all who ask for it. Raises re2.error."""
    found = _built.get(source)
    if found is None:
        found = _built[source] = Pattern(source)
    return found


@lru_cache(maxsize=REMEMBERED)
def _found(match: Callable[[bytes], Any], text: str) -> bool:
    subject = text.encode("utf-8", "replace")
    return len(subject) <= MAX_SUBJECT and bool(match(subject))


def _automaton(sources: Sequence[str]) -> Callable[[bytes], Any]:
    """Gives the numbers of those that are found. Its memory is twice what RE2 wants at least: it begins anew when that
    is full, which costs less than it seems, and there may be many of them.
    """
    together = re2.Set.SearchSet(_options((1 << 16) + 256 * sum(map(steps, sources))))
    for source in sources:
        together.Add(source)
    together.Compile()
    match: Callable[[bytes], Any] = together.Match
    return match


def _options(memory: int) -> Any:
    options = re2.Options()
    options.max_mem = memory
    options.never_capture = True
    options.log_errors = False
    return options


def _steps_or_none(source: str) -> int:
    try:
        return steps(source)
    except re2.error:
        return 0
