"""Two ways to the same answer, the compiled flags and the reference. `test_explain` holds the telling walk to it."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flags.evaluation import Definition, Problem, Result, compile_all
from tests.flags import reference, worlds


def comparable(outcome: Result | Problem) -> Any:
    """A problem's words are nobody's contract; its code is."""
    return outcome if isinstance(outcome, Result) else outcome.code


@settings(max_examples=150)
@given(worlds.worlds(), st.lists(worlds.contexts(), min_size=2, max_size=4))
def test_p10_compiled_flags_and_the_reference_agree(world: tuple[Any, Any], contexts: list[dict[str, Any]]) -> None:
    definitions, segments = world
    compiled = compile_all(definitions, segments)
    for context in contexts:
        for key, flag in compiled.items():
            expected = comparable(reference.evaluate(key, definitions, segments, context))
            assert comparable(flag.evaluate(context)) == expected


@settings(max_examples=150)
@given(worlds.worlds(), worlds.worlds(), st.data())
def test_what_is_taken_over_from_before_answers_as_if_built_anew(
    before: tuple[Any, Any], other: tuple[Any, Any], data: st.DataObject
) -> None:
    definitions, segments = before
    changed = data.draw(st.sets(st.sampled_from(worlds.FLAGS), max_size=2))
    after = {key: other[0][key] if key in changed else flag for key, flag in definitions.items()}
    gone = data.draw(st.sampled_from([None, *worlds.FLAGS]))
    after.pop(gone, None)
    used = data.draw(st.sampled_from([segments, {**segments, "beta": other[1]["beta"]}]))
    built, taken = compile_all(after, used), compile_all(after, used, previous=compile_all(definitions, segments))
    context = data.draw(worlds.contexts())
    assert [flag.evaluate(context) for flag in taken.values()] == [flag.evaluate(context) for flag in built.values()]


@given(worlds.worlds())
def test_what_did_not_change_is_taken_over_as_it_is(world: tuple[Any, Any]) -> None:
    definitions, segments = world
    first = compile_all(definitions, segments)
    first["a"].counts[0] += 1
    again = compile_all(dict(definitions), dict(segments), previous=first)
    circle = {key for key in first if again[key] is not first[key]}
    assert all(definitions[key].targeting["needs"] for key in circle)
    assert again["a"].counts[0] == 1 or "a" in circle


@given(worlds.worlds(), st.dictionaries(st.text(max_size=3), worlds.values, max_size=4), st.text(max_size=4))
def test_a_context_of_any_shape_is_answered(world: tuple[Any, Any], context: dict[str, Any], user: str) -> None:
    definitions, segments = world
    for flag in compile_all(definitions, segments).values():
        assert flag.evaluate({**context, "targetingKey": user}) in flag.outcomes
        assert flag.evaluate(dict.fromkeys(worlds.NAMES, context)) in flag.outcomes


def test_half_a_character_in_a_context_fits_nothing_and_breaks_nothing() -> None:
    rules = [
        {"name": "", "when": {"attribute": "a", "op": op, "value": value}, "serve": {"variant": "on"}}
        for op, value in (("matches", "x$"), ("version_more", "1"), ("after", "2026-01-01"), ("in", ["b"]))
    ]
    targeting = {"on": {"variant": "on"}, "off": "off", "pins": {}, "needs": [], "rules": rules}
    flag = compile_all({"f": Definition("f", weight=50_000, targeting=targeting)}, {})["f"]
    broken = "\ud800"
    assert isinstance(flag.evaluate({"a": broken, "targetingKey": broken}), Result)
