"""Random flags that need one another, segments and contexts, over so few words that they often meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from flags.evaluation import Definition, parse_condition, parse_targeting

NAMES = ("country", "age", "version", "since", "user", "staff")
ATTRIBUTES = (*NAMES, "user.country", "user.age", "user.deep.version", "targetingKey")
TEXTS = ("NO", "SE", "", "norge", "Zoë", "u-1", "u-2")
VERSIONS = ("1.2.3", "v1.2", "2", "1.2.3-rc.1", "1.2.3-rc.10", "1.2.3+build", "10.0.0-alpha")
DATES = ("2026-11-23", "2026-11-23T10:00:00Z", "2026-11-23T11:30:00+01:00", "2026-11-23T10:00", "1999-12-31")
NUMBERS = (0, 1, 1.0, 18, 18.5, -3, 2**53 - 1)
SEGMENTS = ("beta", "staff", "nordic")
FLAGS = ("a", "b", "c", "d")
VARIANTS = (("on", 1), ("off", 0), ("third", 3))

texts, versions, dates, numbers = map(st.sampled_from, (TEXTS, VERSIONS, DATES, NUMBERS))
scalars = texts | numbers | st.booleans()
users = st.sampled_from(("u-1", "u-2", "u-3", "Zoë", "利用者")) | st.text(min_size=1, max_size=5)

OPERANDS = {
    ("equals",): scalars,
    ("in",): st.lists(scalars, min_size=1, max_size=4),
    ("contains", "starts_with", "ends_with"): texts,
    ("matches",): st.sampled_from(("^N", "o", "r(g|k)e$", "[0-9]+", "^$")),
    ("less", "at_most", "more", "at_least"): numbers,
    ("version_equals", "version_less", "version_at_most", "version_more", "version_at_least"): versions,
    ("before", "after"): dates,
}


@st.composite
def tests(draw: st.DrawFn, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """One condition on one attribute."""
    operators = draw(st.sampled_from([one for one in OPERANDS if not set(one) & set(without)]))
    op = draw(st.sampled_from(operators))
    return {"attribute": draw(st.sampled_from(ATTRIBUTES)), "op": op, "value": draw(OPERANDS[operators])}


def conditions(segments: tuple[str, ...], without: tuple[str, ...] = ()) -> st.SearchStrategy[dict[str, Any]]:
    leaves = tests(without)
    if segments:
        leaves |= st.builds(lambda key: {"segment": key}, st.sampled_from(segments))

    def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        several = st.lists(inner, min_size=1, max_size=3)
        return (
            st.builds(lambda part: {"not": part}, inner)
            | st.builds(lambda parts: {"all": parts}, several)
            | st.builds(lambda parts: {"any": parts}, several)
        )

    return st.recursive(leaves, nested, max_leaves=5)


@st.composite
def serves(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        return {"variant": draw(st.sampled_from(VARIANTS))[0]}
    names = draw(st.permutations([name for name, _ in VARIANTS]))
    cut = draw(st.integers(0, 100_000))
    second = draw(st.integers(cut, 100_000))
    return {"split": [[names[0], cut], [names[1], second - cut], [names[2], 100_000 - second]]}


@st.composite
def definitions(draw: st.DrawFn, key: str, without: tuple[str, ...] = (), needs: bool = True) -> Definition:
    """One flag; it may need any other, also one that needs it, and one that is not there."""
    rule = st.fixed_dictionaries({"when": conditions(SEGMENTS, without), "serve": serves()})
    need = st.fixed_dictionaries(
        {
            "flag": st.sampled_from([one for one in (*FLAGS, "gone") if one != key]),
            "variants": st.lists(st.sampled_from([name for name, _ in VARIANTS]), min_size=1, max_size=3),
        }
    )
    targeting = {
        "on": draw(serves()),
        "off": draw(st.sampled_from(["off", "off", "third"])),
        "pins": draw(
            st.dictionaries(st.sampled_from(["u-1", "u-2", "Zoë"]), st.sampled_from(["on", "off"]), max_size=2)
        ),
        "needs": draw(st.lists(need, max_size=2, unique_by=lambda one: one["flag"])) if needs else [],
        "rules": draw(st.lists(rule, max_size=3)),
    }
    names = [name for name, _ in VARIANTS]
    return Definition(
        key,
        type="integer",
        variants=VARIANTS,
        seed=draw(st.sampled_from(["release-7", "own", ""])),
        salt=f"salt-{key}",
        enabled=draw(st.sampled_from([True, True, True, False])),
        withheld=draw(st.sampled_from([False, False, False, True])),
        carrier=draw(st.sampled_from(["percentage", "percentage", "build"])),
        weight=draw(st.sampled_from([0, 1, 5_000, 50_000, 99_999, 100_000])),
        build=draw(st.sampled_from(["", "sha256:b"])),
        targeting=parse_targeting(targeting, variants=names, segments=SEGMENTS, flags=(*FLAGS, "gone")),
    )


@st.composite
def segments(draw: st.DrawFn, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Each may use those before it."""
    found: dict[str, Any] = {}
    for key in SEGMENTS:
        found[key] = parse_condition(draw(conditions(tuple(found), without)), segments=tuple(found))
    return found


@st.composite
def worlds(draw: st.DrawFn, without: tuple[str, ...] = (), needs: bool = True) -> tuple[Any, Any]:
    """All flags and all segments of an environment."""
    return {key: draw(definitions(key, without, needs)) for key in FLAGS}, draw(segments(without))


values = st.recursive(
    scalars | versions | dates | st.none() | st.text(max_size=3) | st.floats(allow_nan=False) | st.integers(),
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
