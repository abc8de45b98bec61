"""Conditions, what they give and who has a flag, as people read them. Pure.

A phrase is a row of bits: what stands in code (attributes, values, variants, keys) is set in its own type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from core.digests import short
from core.jsons import loads
from core.weights import FULL, as_percent
from flags.choices import Carrier

OPERATOR_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "equals": "is",
        "in": "is one of",
        "contains": "contains",
        "starts_with": "starts with",
        "ends_with": "ends with",
        "matches": "matches",
        "less": "is less than",
        "at_most": "is at most",
        "more": "is more than",
        "at_least": "is at least",
        "version_equals": "is version",
        "version_less": "is a version before",
        "version_at_most": "is at most version",
        "version_more": "is a version after",
        "version_at_least": "is at least version",
        "before": "is before",
        "after": "is after",
    }
)
"""Operator → what it says of an attribute, before the value."""
MOST = 8
"""Values of a list that are read out; of more, how many there are."""

DOES: Mapping[str, str] = MappingProxyType(
    {"contains": "contain", "starts with": "start with", "ends with": "end with", "matches": "match"}
)
"""Operators in words that are not ``is …``, as they stand after "does not"."""


@dataclass(frozen=True)
class Bit:
    text: str
    code: bool = False


Phrase = tuple[Bit, ...]


def plain(phrase: Iterable[Bit]) -> str:
    return "".join(bit.text for bit in phrase)


def said(text: str) -> Phrase:
    return (Bit(text),)


def code(text: str) -> Phrase:
    return (Bit(text, code=True),)


def joined(parts: Iterable[Phrase], between: str = ", ", last: str = "") -> Phrase:
    """The parts with `between` them, and `last` before the last one."""
    listed = list(parts)
    found: list[Bit] = []
    for at, part in enumerate(listed):
        if at:
            found.append(Bit(last if last and at == len(listed) - 1 else between))
        found += part
    return tuple(found)


def condition(one: Mapping[str, Any]) -> Phrase:
    """``user.country is JP or KR and in the segment beta``."""
    return _condition(one, nested=False)


def _condition(one: Mapping[str, Any], *, nested: bool, negated: bool = False) -> Phrase:
    if "not" in one:
        inner = one["not"]
        if "not" in inner or "all" in inner or "any" in inner:
            said_of = _condition(inner, nested=False)
            return (Bit("not ("), *said_of, Bit(")"))
        return _condition(inner, nested=nested, negated=True)
    if "segment" in one:
        return (Bit("not in the segment " if negated else "in the segment "), *code(one["segment"]))
    if "attribute" in one:
        return _test(one, negated=negated)
    kind = "all" if "all" in one else "any"
    parts = [_condition(part, nested=True) for part in one[kind]]
    found = joined(parts, " and " if kind == "all" else " or ")
    return (Bit("("), *found, Bit(")")) if nested and len(parts) > 1 else found


def _test(one: Mapping[str, Any], *, negated: bool) -> Phrase:
    op, value = one["op"], one["value"]
    words = "is" if op == "in" else OPERATOR_WORDS[op]
    if negated:
        words = f"does not {DOES[words]}" if words in DOES else f"is not{words.removeprefix('is')}"
    if op == "in":
        return (*code(one["attribute"]), Bit(f" {words} "), *_several(value))
    shown = text_of(value) if op == "equals" or not isinstance(value, str) or value.strip() != value else value
    return (*code(one["attribute"]), Bit(f" {words} "), *code(shown))


def _several(values: Sequence[Any]) -> Phrase:
    shown = [code(text_of(value)) for value in values[:MOST]]
    if len(values) > MOST:
        shown.append(said(f"{len(values) - MOST} more"))
    return joined(shown, ", ", " or ")


def text_of(value: object) -> str:
    """A value as it reads in a sentence: a text as it is, unless it could be taken for something else."""
    if isinstance(value, str) and value.strip() == value and value and not _is_json(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_json(text: str) -> bool:
    """Whether these letters mean something other than themselves: a number, true, a quoted text."""
    try:
        loads(text)
    except ValueError:  # also of what nests too deep to be anything but letters
        return False
    return True


def gives(serve: Mapping[str, Any]) -> Phrase:
    """``on``, or ``60 % a, 40 % b``."""
    if "variant" in serve:
        return code(serve["variant"])
    parts = [part for part in serve["split"] if part[1] > 0]
    return joined((Bit(f"{as_percent(weight)} "), *code(name)) for name, weight in parts)


def need(one: Mapping[str, Any]) -> Phrase:
    """``needs search-index to give on``."""
    variants = joined((code(name) for name in one["variants"]), ", ", " or ")
    return (Bit("needs "), *code(one["flag"]), Bit(" to give "), *variants)


def pins(pinned: Mapping[str, str]) -> list[Phrase]:
    """``2 users pinned to on``, one for each variant."""
    found: dict[str, list[str]] = {}
    for user, variant in pinned.items():
        found.setdefault(variant, []).append(user)
    return [
        (Bit(f"{len(users)} {'user' if len(users) == 1 else 'users'} pinned to "), *code(variant))
        for variant, users in found.items()
    ]


def exposure(definition: Mapping[str, Any]) -> Phrase:
    """What becomes of everyone else: ``25 % on / 75 % off``."""
    weight, off = definition["weight"], definition["targeting"]["off"]
    on = gives(definition["targeting"]["on"])
    if definition["carrier"] == Carrier.BUILD:
        if weight <= 0 or not definition["build"]:
            return code(off)
        served = (Bit("whom build "), *code(short(definition["build"])), Bit(f" serves, now {as_percent(weight)}: "))
        return (*served, *on, Bit(" / the rest: "), *code(off))
    if weight <= 0:
        return code(off)
    if weight >= FULL:
        return on
    whole = "split" in definition["targeting"]["on"]
    shared = (Bit("("), *on, Bit(")")) if whole else on
    rest = (Bit(f" / {as_percent(FULL - weight)} "), *code(off))
    return (Bit(f"{as_percent(weight)} "), *shared, *rest)
