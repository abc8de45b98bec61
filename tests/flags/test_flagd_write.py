"""The rule set for evaluators in other processes: the real one gives what ours gives."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

from flags.evaluation import Result, compile_all
from flags.flagd import write
from tests.flags import worlds


@settings(max_examples=250)
@given(worlds.worlds(worlds.TYPED), st.lists(st.integers(0, 2**32), min_size=3, max_size=3))
def test_p10_the_real_evaluator_gives_what_ours_gives(world: tuple[Any, Any], seeds: list[int]) -> None:
    definitions, segments = world
    document, left_out = write(definitions, segments)
    assert left_out == {}
    core = FlagdCore()
    core.set_flags(json.dumps(document))
    compiled = compile_all(definitions, segments)
    for context in map(worlds.typed_context, seeds):
        attributes = {name: value for name, value in context.items() if name != "targetingKey"}
        for key, flag in compiled.items():
            theirs = core.resolve_integer_value(key, -1, EvaluationContext(context["targetingKey"], attributes))
            ours = flag.evaluate(context)
            assert isinstance(ours, Result)
            assert (theirs.value, theirs.variant) == (ours.value, ours.variant)
