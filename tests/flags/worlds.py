"""Random flags that need one another, segments and contexts, over so few words that they often meet."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from hypothesis import strategies as st

from flags.evaluation import Definition, parse_condition, parse_targeting

NAMES = ("country", "age", "version", "since", "user", "staff")
ATTRIBUTES = (*NAMES, "user.country", "user.age", "user.deep.version", "targetingKey")
TEXTS = ("NO", "SE", "", "norge", "Zoë", "u-1", "u-2")
PARTS = ("N", "o", "norge", "ë", "u-1")
VERSIONS = ("1.2.3", "v1.2", "2", "1.2.3-rc.1", "1.2.3-rc.10", "1.2.3+build", "10.0.0-alpha")
DATES = ("2026-11-23", "2026-11-23T10:00:00Z", "2026-11-23T11:30:00+01:00", "2026-11-23T10:00", "1999-12-31")
NUMBERS = (0, 1, 1.0, 18, 18.5, -3, 2**53 - 1)
SEGMENTS = ("beta", "staff", "nordic")
FLAGS = ("a", "b", "c", "d")
VARIANTS = (("on", 1), ("off", 0), ("third", 3))

SPLIT_CUTS = (0, 1, 5_000, 33_333, 50_000, 99_999, 100_000)

scalars = st.sampled_from((*TEXTS, *NUMBERS, True, False, *VERSIONS, *DATES))
users = st.sampled_from(("u-1", "u-2", "u-3", "Zoë", "利用者")) | st.text(min_size=1, max_size=5)

TEXT_OPERATORS = ("contains", "starts_with", "ends_with")
NUMBER_OPERATORS = ("less", "at_most", "more", "at_least")
VERSION_OPERATORS = ("version_equals", "version_less", "version_at_most", "version_more", "version_at_least")

Tests = Sequence[tuple[str, Sequence[str], Sequence[Any]]]
"""What conditions ask: operator, attributes, values."""

ANY: Tests = (
    ("equals", ATTRIBUTES, (*TEXTS, *NUMBERS, True, False)),
    ("in", ATTRIBUTES, (["NO", "SE"], ["u-1"], [1, True], ["NO", 18, False], [0, 1.5])),
    ("matches", ATTRIBUTES, ("^N", "o", "r(g|k)e$", "[0-9]+", "^$")),
    *((op, ATTRIBUTES, DATES) for op in ("before", "after")),
    *((op, ATTRIBUTES, PARTS) for op in TEXT_OPERATORS),
    *((op, ATTRIBUTES, NUMBERS) for op in NUMBER_OPERATORS),
    *((op, ATTRIBUTES, VERSIONS) for op in VERSION_OPERATORS),
)

COUNTRIES, AGES, BUILT = (
    ("country", "user.country", "targetingKey"),
    ("age", "user.age"),
    ("version", "user.deep.version"),
)
TYPED: Tests = (
    ("equals", COUNTRIES, TEXTS),
    ("equals", AGES, NUMBERS),
    ("equals", ("staff",), (True, False)),
    ("in", COUNTRIES, (["NO", "SE"], ["u-1", "u-2"])),
    ("in", AGES, ([0, 1.5], [1, 18])),
    *((op, COUNTRIES, PARTS) for op in TEXT_OPERATORS),
    *((op, AGES, NUMBERS) for op in NUMBER_OPERATORS),
    *((op, BUILT, VERSIONS) for op in VERSION_OPERATORS),
)
"""Each attribute of one type, and asked only for that; what flagd has words for."""


def condition(by: Random, segments: Sequence[str], tests: Tests, deep: int = 0) -> dict[str, Any]:
    """One condition, at most four deep."""
    kind = by.choice(("test", "test", "test", "segment", "not", "all", "any") if deep < 3 else ("test",))
    if kind == "test" or (kind == "segment" and not segments):
        op, attributes, operands = by.choice(tests)
        return {"attribute": by.choice(attributes), "op": op, "value": by.choice(operands)}
    if kind == "segment":
        return {"segment": by.choice(segments)}
    parts = [condition(by, segments, tests, deep + 1) for _ in range(by.randint(1, 3))]
    return {kind: parts[0] if kind == "not" else parts}


def serve(by: Random) -> dict[str, Any]:
    names = [name for name, _ in VARIANTS]
    if by.random() < 0.6:
        return {"variant": by.choice(names)}
    by.shuffle(names)
    first, second = sorted(by.choices(SPLIT_CUTS, k=2))
    return {"split": [[names[0], first], [names[1], second - first], [names[2], 100_000 - second]]}


def definition(by: Random, key: str, tests: Tests, needs: bool) -> Definition:
    """One flag; it may need any other, also one that needs it, and one that is not there."""
    names = [name for name, _ in VARIANTS]
    others = [one for one in (*FLAGS, "gone") if one != key]
    needed = by.sample(others, by.choice((0, 0, 1, 2))) if needs else []
    targeting = {
        "on": serve(by),
        "off": by.choice(("off", "off", "third")),
        "pins": {user: by.choice(names) for user in by.sample(("u-1", "u-2", "Zoë"), by.choice((0, 0, 1, 2)))},
        "needs": [{"flag": flag, "variants": by.sample(names, by.randint(1, 3))} for flag in needed],
        "rules": [{"when": condition(by, SEGMENTS, tests), "serve": serve(by)} for _ in range(by.choice((0, 1, 2, 3)))],
    }
    carrier = by.choice(("percentage", "percentage", "build"))
    return Definition(
        key,
        type="integer",
        variants=VARIANTS,
        seed=by.choice(("release-7", "own", "")),
        salt=f"salt-{key}",
        enabled=by.random() < 0.85,
        withheld=by.random() < 0.1,
        carrier=carrier,
        weight=by.choice((0, 1, 5_000, 50_000, 99_999, 100_000)),
        build=by.choice(("", "sha256:b", "sha256:b")) if carrier == "build" else "",
        targeting=parse_targeting(targeting, variants=names, segments=SEGMENTS, flags=(*FLAGS, "gone")),
    )


def world(seed: int, tests: Tests, needs: bool) -> tuple[dict[str, Definition], dict[str, Any]]:
    by = Random(seed)
    segments: dict[str, Any] = {}
    for key in SEGMENTS:
        segments[key] = parse_condition(condition(by, tuple(segments), tests), segments=tuple(segments))
    return {key: definition(by, key, tests, needs) for key in FLAGS}, segments


def worlds(tests: Tests = ANY, needs: bool = True) -> st.SearchStrategy[tuple[dict[str, Definition], dict[str, Any]]]:
    """All flags and all segments of an environment. Of one number each: to draw every part alone is slow."""
    return st.integers(0, 2**32).map(lambda seed: world(seed, tests, needs))


values = st.recursive(
    scalars | st.none() | st.text(max_size=3) | st.floats(allow_nan=False) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from((*NAMES, "deep")), inner, max_size=4),
    max_leaves=6,
)


@st.composite
def contexts(draw: st.DrawFn) -> dict[str, Any]:
    """Any JSON object, often with the names that conditions ask for."""
    context = draw(st.dictionaries(st.sampled_from(NAMES), values, max_size=5))
    if draw(st.booleans()):
        context["user"] = draw(st.dictionaries(st.sampled_from((*NAMES, "deep")), values, max_size=3))
    if draw(st.integers(0, 4)):
        context["targetingKey"] = draw(users | st.just(""))
    if draw(st.booleans()):
        context["build"] = draw(st.sampled_from(["sha256:b", "sha256:a", "", 1]))
    return context


def typed_context(seed: int) -> dict[str, Any]:
    """What `TYPED` asks for, each of its type or missing; always a user."""
    by = Random(seed)

    def some() -> dict[str, Any]:
        kinds = {"country": TEXTS, "age": NUMBERS, "version": VERSIONS, "staff": (True, False)}
        return {name: by.choice(values) for name, values in kinds.items() if by.random() < 0.7}

    context = some()
    if by.random() < 0.6:
        context["user"] = some() | ({"deep": some()} if by.random() < 0.7 else {})
    if by.random() < 0.5:
        context["build"] = by.choice(["sha256:b", "sha256:a"])
    return context | {"targetingKey": by.choice(["u-1", "u-2", "u-3", "Zoë", "利用者", f"u-{seed}"])}
