"""Patterns: none can hang an evaluation, nor can all together, and they find what RE2 finds."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import re2

from flags.evaluation import Definition, Together, compile_all, explain, parse_targeting, patterns
from flags.evaluation.patterns import (
    ENVIRONMENT_STEPS,
    FLAG_STEPS,
    LEAST,
    MAX_STEPS,
    MAX_SUBJECT,
    REMEMBERED,
    SMALL,
    Pattern,
    Patterns,
    patterns_asked,
    steps,
)
from flags.evaluation.values import Unfit, pattern
from tests.flags.heavy import heavy, rule

PAGE = (Path(__file__).parents[2] / "docs" / "flags-evaluation.md").read_text()
LONG = "a" * (MAX_SUBJECT - 1)
PATHOLOGICAL = [
    ("(a+)+$", LONG + "!"),
    ("(a|aa)*b", LONG + "c"),
    ("(.*)*x(.*)*y(.*)*z", "x" * MAX_SUBJECT),
    ("(a?){60}a{60}b", LONG + "c"),
    ("[ab]*a[ab]{600}c", "".join(random.Random(7).choices("ab", k=MAX_SUBJECT))),
    (r"\C*a\C{600}b", "".join(random.Random(7).choices("ac", k=MAX_SUBJECT))),
]


def spent(ask: Callable[[], object]) -> float:
    """Seconds of this thread, whatever others do meanwhile."""
    began = time.thread_time()
    ask()
    return time.thread_time() - began


def unit() -> float:
    """Seconds of one step for one byte, here and now, in an automaton that is new at each."""
    source, chosen = "[ab]*a[ab]{200}c", random.Random(1)
    texts = ["".join(chosen.choices("ab", k=MAX_SUBJECT)) for _ in range(9)]
    asked = Pattern(source)
    return sorted(spent(lambda text=text: asked(text)) for text in texts)[4] / steps(source) / MAX_SUBJECT  # type: ignore[misc]


def built(*sources: list[str]) -> dict[str, Definition]:
    """A flag for each list, on for whom a pattern fits."""
    return {
        f"f-{place}": Definition(
            f"f-{place}",
            targeting=parse_targeting({"rules": [rule(*some)]}, variants=["on", "off"], segments=(), flags=()),
        )
        for place, some in enumerate(sources)
    }


@pytest.mark.parametrize(("source", "subject"), PATHOLOGICAL)
def test_no_pattern_can_hang_an_evaluation(source: str, subject: str) -> None:
    """Python's own `re` would not come back from the first of these within a lifetime."""
    flag = compile_all(built([source]), {})["f-0"]
    allowed = 5 * unit() * max(steps(source), 100) * MAX_SUBJECT
    outcomes: list[Any] = []
    before = patterns._found.cache_info().misses
    assert spent(lambda: outcomes.append(flag.evaluate({"agent": subject}))) < allowed
    assert outcomes[0].value is False
    assert patterns._found.cache_info().misses == before + 1, "it was asked, and not remembered"


def test_as_much_as_an_environment_may_ask_takes_no_longer_than_its_steps() -> None:
    """Whichever flags ask together what, and however many: one user, all flags, and the page that explains one."""
    chosen = random.Random(3)
    sources = heavy(ENVIRONMENT_STEPS, "[ab]*a[ab]{{45}}c{}")
    half = len(sources) // 2
    flags = built(*(chosen.sample(sources, half) for _ in range(150)))
    rules = compile_all(flags, {})
    together = Together(list(rules.values()), {})
    allowed = 4 * unit() * ENVIRONMENT_STEPS * MAX_SUBJECT
    asks: list[Callable[[dict[str, str]], object]] = [
        rules["f-0"].evaluate,
        together.decide,
        lambda context: explain(flags["f-0"], flags, {}, context),
    ]
    for ask in asks:
        context = {"agent": "".join(chosen.choices("ab", k=MAX_SUBJECT))}
        ask({"agent": "short"})
        assert spent(lambda ask=ask, context=context: ask(context)) < allowed  # type: ignore[misc]


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[tuple[tuple[str, ...], bytes]]]:
    """How often each automaton went over each text."""
    found: Counter[tuple[tuple[str, ...], bytes]] = Counter()
    make = patterns._automaton

    def automaton(sources: list[str]) -> Callable[[bytes], Any]:
        match = make(sources)

        def counted(subject: bytes) -> Any:
            found[tuple(sources), subject] += 1
            return match(subject)

        return counted

    monkeypatch.setattr(patterns, "_automaton", automaton)
    yield found


def test_each_pattern_is_asked_about_a_text_once_however_many_ask(
    looked: Counter[tuple[tuple[str, ...], bytes]],
) -> None:
    sources, long = [f"once {number}$" for number in range(12)], "a text of more than sixty-four bytes, " * 3
    flags = built(*([*sources[place:], *sources[:place], "never"] for place in range(12)))
    rules = compile_all(flags, {})
    Together(list(rules.values()), {}).decide({"agent": long})
    for flag in rules.values():
        flag.evaluate({"agent": long})
    explain(flags["f-0"], flags, {}, {"agent": long})
    assert looked == {((source,), long.encode()): 1 for source in (*sources, "never")}


def test_all_that_an_environment_can_ask_at_once_is_remembered() -> None:
    assert ENVIRONMENT_STEPS // LEAST <= REMEMBERED
    assert steps("^") == LEAST
    assert patterns._found.cache_info().maxsize == REMEMBERED
    assert MAX_STEPS <= FLAG_STEPS <= ENVIRONMENT_STEPS


def test_small_patterns_in_a_short_text_are_looked_for_in_one_pass(
    looked: Counter[tuple[tuple[str, ...], bytes]],
) -> None:
    small, large = [f"x{number}$" for number in range(5)], f"z{{{SMALL}}}"
    together = Patterns([(1 << place, source) for place, source in enumerate((*small, large))])
    assert together("x3") == 8
    assert looked == {(tuple(small), b"x3"): 1, ((large,), b"x3"): 1}


@pytest.mark.parametrize("source", [".{200}", "(?i)[a-z]{400}", r"\p{L}\p{L}", "((ab?){30}c?){20}"])
def test_p12_a_pattern_of_too_many_steps_is_refused(source: str) -> None:
    with pytest.raises(Unfit, match=f"RE2 makes .* steps of this pattern; there may be {MAX_STEPS:,}"):
        pattern(source)


@pytest.mark.parametrize(
    "source",
    [r"^\p{L}+$", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "^[^@]{1,64}@example", "a" * 200, "^.{1,99}$"],
)
def test_what_people_look_for_is_taken(source: str) -> None:
    assert pattern(source) == source


def test_the_longest_text_is_counted_in_bytes() -> None:
    asked = Pattern("é$")
    assert asked("é" * (MAX_SUBJECT // 2)) and not asked("é" * (MAX_SUBJECT // 2 + 1))
    assert asked("a" * (MAX_SUBJECT - 2) + "é") and not asked("a" * (MAX_SUBJECT - 1) + "é")


@pytest.mark.parametrize(
    "source", [source for source, _ in PATHOLOGICAL] + [r"(\p{L}|x)*x", "(.{0,3}a){40}", "(^|a|b|$){200}c"]
)
def test_with_little_memory_it_finds_what_it_finds_with_much(source: str) -> None:
    options, chosen = re2.Options(), random.Random(11)
    options.max_mem = 64 << 20
    little, much = Pattern(source), re2.compile(source, options)
    for letters in ("ab", "aяxz", "ac\n", "axyz"):
        for length in (3, 70, 300):
            text = "".join(chosen.choices(letters, k=length))
            assert little(text) == (much.search(text) is not None)


def test_patterns_are_found_wherever_they_stand_in_a_condition() -> None:
    def asks(source: str) -> dict[str, Any]:
        return {"attribute": source, "op": "matches", "value": source}

    other = {"attribute": "a", "op": "equals", "value": "matches"}
    inner = {"any": [asks("b"), {"not": asks("c")}, {"segment": "s"}, other]}
    assert patterns_asked([asks("a"), {"all": [inner, asks("a")]}]) == {("a", "a"), ("b", "b"), ("c", "c")}


def test_the_page_has_these_numbers() -> None:
    for number in (MAX_STEPS, FLAG_STEPS, ENVIRONMENT_STEPS):
        assert f"{number:,}" in PAGE
    assert f"{MAX_SUBJECT:,} bytes" in PAGE
