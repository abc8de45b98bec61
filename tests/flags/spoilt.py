"""Plain data spoilt in any of its places, with what a flagd definition is made of and with what nobody would write."""

from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import strategies as st

from flags.flagd.logic import COMPARED, TEXTS, USER, place

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


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands, as the way there."""
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in inside:
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
