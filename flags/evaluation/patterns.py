"""Patterns, asked of a text all at once: one pass over it for many costs less than one for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import re2

MAX_SUBJECT = 4_096
"""Characters that a pattern is asked about: one is linear, thousands of them on a long text take seconds."""

MOST_TOGETHER = 16
"""Patterns of one automaton: it may grow with their product, and begins anew when it is full."""

MEMORY = 1 << 20
"""Bytes that the automaton of a pattern may take."""


def _options() -> Any:
    options = re2.Options()
    options.max_mem = MEMORY
    options.never_capture = True
    options.log_errors = False
    return options


def compile_pattern(source: str) -> Any:
    """Linear in the text, whatever the pattern. Raises re2.error."""
    return re2.compile(source, _options())


class Patterns:
    """`sources`: patterns that compile, each with the bits that it sets where it is found in a text."""

    def __init__(self, sources: Sequence[tuple[int, str]]) -> None:
        parts = [sources[at : at + MOST_TOGETHER] for at in range(0, len(sources), MOST_TOGETHER)]
        self._asked = [ask for part in parts for ask in _asked(part)]

    def __call__(self, text: str) -> int:
        """The bits of all that are found in it."""
        found = 0
        if self._asked and len(text) <= MAX_SUBJECT:
            subject = text.encode("utf-8", "replace")
            for ask in self._asked:
                found |= ask(subject)
        return found


@lru_cache(maxsize=1024)
def one_pattern(source: str) -> Patterns:
    """1 where it is found, else 0. Raises re2.error."""
    return Patterns([(1, source)])


def _asked(part: Sequence[tuple[int, str]]) -> list[Callable[[bytes], int]]:
    together = re2.Set.SearchSet(_options())
    for _, source in part:
        together.Add(source)
    try:
        together.Compile()
    except re2.error:  # no automaton of theirs fits into its memory; each alone can do without
        return [_alone(bits, source) for bits, source in part]
    match, bits = together.Match, [bits for bits, _ in part]

    def ask(subject: bytes) -> int:
        found = 0
        for number in match(subject) or ():
            found |= bits[number]
        return found

    return [ask]


def _alone(bits: int, source: str) -> Callable[[bytes], int]:
    search = compile_pattern(source).search
    return lambda subject: 0 if search(subject) is None else bits
