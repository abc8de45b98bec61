"""Flags that need flags: circles, gaps, long rows and shared layers."""

from typing import Any

from flags.choices import Carrier
from flags.evaluation import Definition, ErrorCode, Problem, Reason, Result, compile_all, default_targeting
from tests.flags import reference


def flag(key: str, *needs: str, variants: tuple[str, ...] = ("on",), **fields: Any) -> Definition:
    needed = [{"flag": one, "variants": list(variants)} for one in needs]
    targeting = {**default_targeting(["on", "off"]), "needs": needed, **fields.pop("targeting", {})}
    return Definition(key, weight=fields.pop("weight", 100_000), targeting=targeting, **fields)


def evaluated(*flags: Definition, of: str = "a") -> Result | Problem:
    definitions = {one.key: one for one in flags}
    compiled = compile_all(definitions, {})[of].evaluate({"targetingKey": "u-1"})
    slow = reference.evaluate(of, definitions, {}, {"targetingKey": "u-1"})
    assert isinstance(slow, Problem) or compiled == slow
    return compiled


ON = Result(True, "on", Reason.DEFAULT)
OFF = Result(False, "off", Reason.DEFAULT)


def test_a_need_that_is_met_lets_the_flag_decide() -> None:
    assert evaluated(flag("a", "b"), flag("b")) == ON


def test_what_is_off_killed_withheld_or_gone_meets_no_need() -> None:
    assert evaluated(flag("a", "b"), flag("b", weight=0)) == OFF
    assert evaluated(flag("a", "b"), flag("b", enabled=False)) == OFF
    assert evaluated(flag("a", "b"), flag("b", withheld=True)) == OFF
    assert evaluated(flag("a", "b")) == OFF
    assert evaluated(flag("a", "b", "c"), flag("b")) == OFF


def test_the_off_variant_meets_no_need_even_if_it_is_asked_for() -> None:
    assert evaluated(flag("a", "b", variants=("on", "off")), flag("b", weight=0)) == OFF
    served_off = flag("b", targeting={"on": {"variant": "off"}})
    assert evaluated(flag("a", "b", variants=("off",)), served_off) == OFF


def test_what_errs_meets_no_need() -> None:
    by_build = flag("b", carrier=Carrier.BUILD.value, build="sha256:b", targeting={"rules": [{"broken": True}]})
    assert evaluated(flag("a", "b"), flag("b", weight=5_000), of="a") in (ON, OFF)
    definitions = {"a": flag("a", "b"), "b": by_build}
    compiled = compile_all(definitions, {})
    broken = compiled["b"].evaluate({})
    assert isinstance(broken, Problem) and broken.code == ErrorCode.GENERAL
    assert compiled["a"].evaluate({}) == OFF


def test_a_circle_gives_nothing_to_anybody_and_harms_nobody_else() -> None:
    circle = [flag("a", "b"), flag("b", "c"), flag("c", "a"), flag("d", "a"), flag("e")]
    for key in "abcd":
        assert evaluated(*circle, of=key) == OFF
    assert evaluated(*circle, of="e") == Result(True, "on", Reason.STATIC)
    assert evaluated(flag("a", "a")) == OFF


def test_the_kill_switch_works_whatever_else_is_broken() -> None:
    broken = {"on": {"variant": "gone"}, "rules": [{"when": {"attribute": "a", "op": "is", "value": 1}}]}
    killed = flag("a", "a", enabled=False, targeting=broken)
    assert evaluated(killed) == Result(False, "off", Reason.DISABLED)
    outcome = compile_all({"a": flag("a", targeting=broken)}, {})["a"].evaluate({})
    assert isinstance(outcome, Problem) and outcome.code == ErrorCode.GENERAL


def test_too_long_a_row_errs_and_leaves_the_rest_alone() -> None:
    row = {f"f{n}": flag(f"f{n}", f"f{n + 1}") for n in range(500)}
    row["f500"] = flag("f500")
    compiled = compile_all(row, {})
    outcome = compiled["f479"].evaluate({})
    assert isinstance(outcome, Problem) and outcome.code == ErrorCode.GENERAL
    assert compiled["f480"].evaluate({}) == ON
    assert compiled["f478"].evaluate({}) == compiled["f0"].evaluate({}) == OFF


def test_layers_of_shared_needs_are_asked_once_each() -> None:
    """Fifteen layers of four flags, each needing all four below: asked one by one, that is four to the fifteenth."""
    layers = {
        f"{layer}-{n}": flag(f"{layer}-{n}", *([f"{layer - 1}-{m}" for m in range(4)] if layer else ()))
        for layer in range(15)
        for n in range(4)
    }
    assert compile_all(layers, {})["14-0"].evaluate({}) == ON
    layers["0-2"] = flag("0-2", weight=0)
    compiled = compile_all(layers, {})
    assert [compiled[f"{layer}-0"].evaluate({}) for layer in (0, 1, 7, 14)] == [Result(True, "on", Reason.STATIC)] + [
        OFF
    ] * 3
    layers["0-2"] = flag("0-2", "gone")
    assert compile_all(layers, {})["14-0"].evaluate({}) == OFF


def test_what_needs_a_changed_flag_or_segment_is_built_anew() -> None:
    by_segment = {"rules": [{"name": "", "when": {"segment": "s"}, "serve": {"variant": "on"}}]}
    flags = {"a": flag("a", "b"), "b": flag("b"), "c": flag("c", weight=0, targeting=by_segment)}
    segments = {"s": {"attribute": "age", "op": "at_least", "value": 1}}
    before = compile_all(flags, segments)
    assert before["c"].evaluate({"age": True}) == OFF
    assert before["c"].evaluate({"age": 1}) != OFF
    after = compile_all({**flags, "b": flag("b", weight=0)}, segments, previous=before)
    assert after["a"].evaluate({}) == OFF
    assert after["c"] is before["c"]
    other = compile_all(flags, {"s": {"attribute": "age", "op": "at_least", "value": 2}}, previous=before)
    assert other["c"].evaluate({"age": 1}) == OFF
    assert other["a"] is before["a"]
