"""Whatever is done to a flagd definition, it is read or refused (P12): what is read can be evaluated and written."""

import json
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from core.weights import FULL
from flags.choices import Carrier
from flags.evaluation import Definition, Invalid, compile_all, default_targeting
from flags.flagd import Portable, export, read
from flags.flagd.logic import COMPARED, TEXTS, USER, place
from tests.flags import worlds

OPERATORS = ("if", "fractional", "cat", "var", "in", "and", "or", "!", "==", "===", "!==", "sem_ver", "$ref")
FACTS = ("type", "carrier", "weight", "pins", "rules", "tags", "seed", "salt", "for_clients", "expected_removal")
PARTS = ("state", "variants", "defaultVariant", "targeting", "metadata")
names = st.sampled_from((*OPERATORS, *COMPARED.values(), *TEXTS, *FACTS, *PARTS)) | st.text(max_size=5)
words = st.sampled_from(("on", "off", "third", "build", "staff", "targetingKey", "[1", '["a"]', "[" * 2_000))
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words | st.text(max_size=5) | names
logic = st.sampled_from(({"if": []}, {"fractional": []}, {"fractional": [place("s"), ["on", 2**62], ["off", 1]]}, USER))
anything = st.recursive(
    plain | logic,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)
depths = st.sampled_from((0, 0, 0, 0, 0, 1, 30, 230, 240, 700))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands, as the way there."""
    if path:
        yield path
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, (*path, name))


def spoil(document: Any, by: Random, spoilt: Any, name: str) -> None:
    """Put something in a place of it, take what stands there out, or call it otherwise."""
    found = list(places(document))
    if not found:
        return
    *way, last = by.choice(found)
    here = document
    for step in way:
        here = here[step]
    what = by.choice(("put", "put", "put", "take out", "call"))
    if what == "put":
        here[last] = spoilt
    else:
        gone = here.pop(last)
        if what == "call" and isinstance(here, dict):
            here[name] = gone


def nested(value: Any, deep: int) -> Any:
    for number in range(deep):
        value = [value] if number % 2 else {"and": value}
    return value


def followed() -> Portable:
    """A flag that follows a route: no world has one."""
    route: dict[str, Any] = {"carrier": Carrier.BUILD.value, "weight": FULL, "build": "sha256:aa"}
    return Portable(Definition("r", targeting=default_targeting(["on", "off"]), **route), tags=("a", "b"))


@settings(max_examples=400)
@given(
    worlds.worlds(worlds.TYPED, needs=False),
    st.randoms(use_true_random=False),
    st.lists(st.tuples(anything, depths, names), min_size=1, max_size=3),
)
def test_p12_a_spoilt_definition_is_read_or_refused_and_never_breaks(world: Any, by: Random, spoilt: Any) -> None:
    written, _ = export([*(Portable(flag) for flag in world[0].values()), followed()], world[1])
    document = json.loads(json.dumps(written))
    for value, deep, name in spoilt:
        spoil(document, by, nested(deepcopy(value), deep), name)  # later ones may spoil it too
    try:
        found = read(document)
    except Invalid:
        return
    assert all(why.endswith(".") for why in found.refused.values())
    again, _ = export(found.flags.values(), found.segments)
    assert orjson.dumps(again)
    for portable in found.flags.values():
        compile_all({"f": portable.definition}, found.segments)["f"].evaluate({"targetingKey": "u-1"})


@settings(max_examples=150)
@given(anything, anything)
def test_p12_anything_for_a_flag_or_a_segment_is_read_or_refused(flag: Any, segment: Any) -> None:
    found = read({"flags": {"f": flag}, "$evaluators": {"s": segment}})
    assert found.flags.keys() | found.refused.keys() <= {"f", "segment s"} and len(found.flags) <= 1
    variants = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}
    targeted = read({"flags": {"f": {**variants, "targeting": flag, "metadata": {"carrier": "build"}}}})
    assert targeted.flags.keys() != targeted.refused.keys()
