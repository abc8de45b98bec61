"""The steps that a flag asks, one by one: with a user as they answer, without one as they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from core.digests import short
from core.weights import FULL, as_percent
from flags.choices import Carrier
from flags.evaluation import phrases
from flags.evaluation.buckets import bucket
from flags.evaluation.compiler import Compiled
from flags.evaluation.conditions import compile_condition
from flags.evaluation.definition import Condition, Definition, Serve
from flags.evaluation.operators import Fits
from flags.evaluation.segments import compile_segments
from flags.evaluation.words import ErrorCode, Problem, Reason, Result

Context = Mapping[str, Any]
Outcome = Result | Problem
SHOWN = 80
"""Characters of a value in the context."""


@dataclass(frozen=True, slots=True)
class Known:
    """The segments, as they are written and as they are asked."""

    conditions: Mapping[str, Condition]
    fits: Mapping[str, Fits]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a rule's condition as this user fits it: it stands within `deep` others; `found` is what the context
    has of the attribute.
    """

    text: str
    fits: bool
    deep: int = 0
    found: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a flag asks: what about (`code` in its own type), what it gives in words. `fits`: it would answer
    for this user; the first that does `decides`, with `outcome`. `kind`: killed, withheld, need, pin, rule, exposure,
    rest, broken. `bucket`: where the user stands in the division that this step makes.
    """

    kind: str
    text: str
    gives: str
    code: str = ""
    more: str = ""
    fits: bool = False
    decides: bool = False
    outcome: Outcome | None = None
    bucket: int | None = None
    parts: tuple[Part, ...] = ()


def outlined(definition: Definition) -> Iterator[Step]:
    targeting = definition.targeting
    yield from _switches(definition)
    for need in targeting["needs"]:
        yield _need(need, targeting["off"])
    if targeting["pins"]:
        yield _pins(targeting["pins"])
    for number, rule in enumerate(targeting["rules"], 1):
        yield _rule(number, rule)
    yield from _exposure(definition, {"targetingKey": " "})


def asked(
    definition: Definition, rules: Mapping[str, Compiled], segments: Mapping[str, Condition], context: Context
) -> Iterator[Step]:
    targeting, known = definition.targeting, Known(segments, compile_segments(segments))
    yield from _switches(definition)
    for need in targeting["needs"]:
        other = rules.get(need["flag"])
        yield replace(
            _need(need, targeting["off"]),
            more=_gave(other, context),
            fits=not _meets(other, need["variants"], context),
            outcome=_result(definition, targeting["off"], Reason.DEFAULT),
        )
    if targeting["pins"]:
        pinned = targeting["pins"].get(context.get("targetingKey"))
        step = _pins(targeting["pins"])
        if pinned:
            step = replace(step, gives=pinned, fits=True, outcome=_result(definition, pinned, Reason.TARGETING_MATCH))
        yield step
    for number, rule in enumerate(targeting["rules"], 1):
        parts = tuple(_parts(rule["when"], known, context, 0))
        fits = compile_condition(rule["when"], known.fits)(context)
        outcome, place = _served(definition, rule["serve"], Reason.TARGETING_MATCH, context)
        yield replace(_rule(number, rule), fits=fits, outcome=outcome, bucket=place, parts=parts)
    yield from _exposure(definition, context)


def _gave(other: Compiled | None, context: Context) -> str:
    if other is None:
        return "does not exist"
    outcome = other.evaluate(context)
    return f"gives {outcome.variant}" if isinstance(outcome, Result) else f"errs with {outcome.code}"


def _meets(other: Compiled | None, variants: list[str], context: Context) -> bool:
    return other is not None and other.decide(context) in other.giving(frozenset(variants))


def _parts(condition: Condition, known: Known, context: Context, deep: int) -> Iterator[Part]:
    """The condition and what stands within it, a segment's own condition too, each as this user fits it."""
    fits = compile_condition(condition, known.fits)(context)
    several = condition.get("all") or condition.get("any")
    if several:
        yield Part("all of" if "all" in condition else "any of", fits, deep)
    elif "not" in condition:
        yield Part("not", fits, deep)
        several = [condition["not"]]
    elif "segment" in condition:
        yield Part(_condition(condition), fits, deep)
        several = [known.conditions[condition["segment"]]]
    else:
        yield Part(_condition(condition), fits, deep, _found(condition["attribute"], context))
    for part in several or ():
        yield from _parts(part, known, context, deep + 1)


def _found(path: str, context: Context) -> str:
    """What the context has there, in short."""
    value: Any = context
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return "not in the context"
        value = value[name]
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= SHOWN else f"{written[:SHOWN]}…"


def _switches(definition: Definition) -> Iterator[Step]:
    off = definition.targeting["off"]
    killed = not definition.enabled
    more = "" if killed else "not now"
    disabled = _result(definition, off, Reason.DISABLED)
    yield Step("killed", "Turned off by a person", off, more=more, fits=killed, outcome=disabled)
    if definition.withheld:
        waits = _result(definition, off, Reason.STATIC)
        yield Step("withheld", "Waits for its release's rollout", off, fits=True, outcome=waits)


def _need(need: Mapping[str, Any], off: str) -> Step:
    return Step("need", f"Does not give {' or '.join(need['variants'])}", off, code=need["flag"])


def _pins(pins: Mapping[str, str]) -> Step:
    names = list(dict.fromkeys(pins.values()))
    text = f"{len(pins)} pinned users" if len(pins) > 1 else "One pinned user"
    return Step("pin", text, " or ".join(names))


def _rule(number: int, rule: Mapping[str, Any]) -> Step:
    name = rule["name"] or f"Rule {number}"
    return Step("rule", name, _serve(rule["serve"]), code=_condition(rule["when"]))


def _exposure(definition: Definition, context: Context) -> Iterator[Step]:
    targeting, weight = definition.targeting, definition.weight
    off, on = targeting["off"], _serve(targeting["on"])
    plain = Reason.DEFAULT if targeting["needs"] or targeting["pins"] or targeting["rules"] else Reason.STATIC
    if definition.carrier == Carrier.BUILD:
        if weight <= 0 or not definition.build:
            yield Step("rest", "Everyone", off, fits=True, outcome=_result(definition, off, Reason.DEFAULT))
            return
        outcome, place = _served(definition, targeting["on"], Reason.TARGETING_MATCH, context)
        served = context.get("build") == definition.build
        more = f"now {as_percent(weight)} of the users"
        yield Step("exposure", "Served by build", on, short(definition.build), more, served, False, outcome, place)
        yield Step("rest", "Everyone else", off, fits=True, outcome=_result(definition, off, Reason.DEFAULT))
        return
    if weight <= 0:
        yield Step("rest", "Everyone", off, fits=True, outcome=_result(definition, off, plain))
        return
    if weight >= FULL:
        outcome, place = _served(definition, targeting["on"], plain, context)
        yield Step("rest", "Everyone", on, fits=True, outcome=outcome, bucket=place)
        return
    yield from _percentage(definition, context)


def _percentage(definition: Definition, context: Context) -> Iterator[Step]:
    targeting, user = definition.targeting, context.get("targetingKey")
    off, on = targeting["off"], _serve(targeting["on"])
    text = f"{as_percent(definition.weight)} of the users, by bucket"
    if not user:
        yield Step("exposure", text, on, fits=True, outcome=_user_missing(definition))
        yield Step("rest", "Everyone else", off)
        return
    place = bucket(definition.seed, user)
    outcome, _ = _served(definition, targeting["on"], Reason.SPLIT, context)
    yield Step("exposure", text, on, fits=place < definition.weight, outcome=outcome, bucket=place)
    rest = _result(definition, off, Reason.SPLIT)
    yield Step("rest", "Everyone else", off, fits=True, outcome=rest, bucket=place)


def _served(definition: Definition, serve: Serve, reason: Reason, context: Context) -> tuple[Outcome, int | None]:
    """What it gives, with the bucket of a split."""
    if "variant" in serve:
        return _result(definition, serve["variant"], reason), None
    user = context.get("targetingKey")
    if not user:
        return _user_missing(definition), None
    place = bucket(definition.salt, user)
    ends = accumulate(weight for _, weight in serve["split"])
    variant = next(name for (name, _), end in zip(serve["split"], ends, strict=True) if place < end)
    return _result(definition, variant, Reason.SPLIT), place


def _condition(condition: Condition) -> str:
    return phrases.plain(phrases.condition(condition))


def _serve(serve: Serve) -> str:
    return phrases.plain(phrases.gives(serve))


def _result(definition: Definition, variant: str, reason: Reason) -> Result:
    return Result(dict(definition.variants)[variant], variant, reason)


def _user_missing(definition: Definition) -> Problem:
    said = f"{definition.key} is split by user: the context needs a targetingKey."
    return Problem(ErrorCode.TARGETING_KEY_MISSING, said)
