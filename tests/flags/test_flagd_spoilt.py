"""Whatever is done to a flagd definition, it is read or refused (P12): what is read can be evaluated and written."""

import json
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
from tests.flags import worlds
from tests.flags.spoilt import anything, names, nested, spoil

depths = st.sampled_from((0, 0, 0, 0, 0, 1, 30, 230, 240, 700))


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
