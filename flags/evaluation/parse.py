"""What people and files send, checked and brought into its one form. Every refusal says where and why."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

import orjson

from core.jsons import deeper
from core.weights import FULL
from flags.choices import ValueType
from flags.evaluation.definition import Condition, Need, Rule, Serve, Targeting, default_targeting
from flags.evaluation.operators import OPERATORS
from flags.evaluation.values import MAX_TEXT, Unfit, is_number

VARIANT = re.compile(r"[A-Za-z0-9._-]{1,60}")
MAX_VARIANTS = 50
MAX_VALUE = 20_000
MAX_PINS = 1_000
MAX_NEEDS = 10
MAX_RULES = 100
MAX_DEPTH = 8
MAX_PARTS = 200
MAX_PATH = 200


class Invalid(ValueError):
    """What was sent is not one of these. `path` leads to the part (``rules.0.when.op``), `sentence` is for people."""

    def __init__(self, path: str, sentence: str) -> None:
        super().__init__(f"{path}: {sentence}" if path else sentence)
        self.path = path
        self.sentence = sentence


def parse_variants(data: object, *, type: str) -> list[dict[str, Any]]:
    """``[{"name": …, "value": …}, …]``, each value of the flag's type; a whole number of a float flag becomes a float.
    Nothing sent for a boolean flag: on and off. Raises Invalid.
    """
    if data is None and type == ValueType.BOOLEAN:
        return [{"name": "on", "value": True}, {"name": "off", "value": False}]
    if not isinstance(data, list) or not 1 <= len(data) <= MAX_VARIANTS:
        raise Invalid("", f"A flag has a list of 1 to {MAX_VARIANTS} variants.")
    found: dict[str, Any] = {}
    for place, one in enumerate(data):
        fields = _fields(one, str(place), required=("name", "value"))
        name = fields["name"]
        if not isinstance(name, str) or not VARIANT.fullmatch(name):
            raise Invalid(f"{place}.name", "A variant's name has 1 to 60 letters, digits, dots, dashes or underscores.")
        if name in found:
            raise Invalid(f"{place}.name", f"There are two variants {name}.")
        found[name] = _value(fields["value"], type, f"{place}.value")
    return [{"name": name, "value": value} for name, value in found.items()]


def parse_targeting(
    data: object, *, variants: Sequence[str], segments: Collection[str], flags: Collection[str]
) -> Targeting:
    """Who gets what, complete: what is not sent is as `default_targeting`. `flags` are the keys that a need may name.
    Raises Invalid.
    """
    known = ("on", "off", "pins", "needs", "rules")
    default = default_targeting(variants)
    sent = _fields(data, "", required=(), optional=known)
    off = sent.get("off", default["off"])
    if off not in variants:
        raise Invalid("off", f"The off-variant must be one of {', '.join(variants)}.")
    rules = _list(sent.get("rules", []), "rules", MAX_RULES, "rules")
    return {
        "on": parse_serve(sent.get("on", default["on"]), variants=variants, path="on"),
        "off": off,
        "pins": _pins(sent.get("pins", {}), variants),
        "needs": _needs(sent.get("needs", []), flags),
        "rules": [_rule(one, f"rules.{place}", variants, segments) for place, one in enumerate(rules)],
    }


def parse_condition(data: object, *, segments: Collection[str], path: str = "") -> Condition:
    """One condition. Raises Invalid."""
    parts = [0]
    return _condition(data, segments, path, 1, parts)


def parse_serve(data: object, *, variants: Collection[str], path: str = "") -> Serve:
    """One variant, or a split whose whole parts add up to 100 000. Raises Invalid."""
    fields = _fields(data, path, required=(), optional=("variant", "split"))
    if len(fields) != 1:
        raise Invalid(path, "This must name a variant or a split.")
    if "variant" in fields:
        _known_variant(fields["variant"], variants, _join(path, "variant"))
        return {"variant": fields["variant"]}
    here = _join(path, "split")
    split: list[list[Any]] = []
    for place, one in enumerate(_list(fields["split"], here, len(variants), "parts")):
        if not isinstance(one, list) or len(one) != 2:
            raise Invalid(f"{here}.{place}", "A part of a split is a variant and its weight.")
        name, weight = one
        _known_variant(name, variants, f"{here}.{place}.0")
        if type(weight) is not int or not 0 <= weight <= FULL:
            raise Invalid(f"{here}.{place}.1", f"A weight is a whole number from 0 to {FULL}.")
        split.append([name, weight])
    if len({name for name, _ in split}) < len(split):
        raise Invalid(here, "A split names each variant once.")
    if sum(weight for _, weight in split) != FULL:
        raise Invalid(here, "The parts of a split must add up to 100 %.")
    return {"split": split}


def _condition(data: object, segments: Collection[str], path: str, depth: int, parts: list[int]) -> Condition:
    parts[0] += 1
    if depth > MAX_DEPTH:
        raise Invalid(path, f"Conditions nest {MAX_DEPTH} deep at most.")
    if parts[0] > MAX_PARTS:
        raise Invalid(path, f"A condition has {MAX_PARTS} parts at most.")
    if not isinstance(data, dict):
        raise Invalid(path, "A condition is an object.")
    if "attribute" in data:
        return _test(data, path)
    fields = _fields(data, path, required=(), optional=("segment", "all", "any", "not"))
    if len(fields) != 1:
        raise Invalid(path, "A condition has one of attribute, segment, all, any and not.")
    ((kind, inner),) = fields.items()
    here = _join(path, kind)
    if kind == "segment":
        if not isinstance(inner, str) or inner not in segments:
            raise Invalid(here, f"There is no segment {inner!r:.80}.")
        return {"segment": inner}
    if kind == "not":
        return {"not": _condition(inner, segments, here, depth + 1, parts)}
    several = _list(inner, here, MAX_PARTS, "conditions", least=1)
    return {kind: [_condition(one, segments, f"{here}.{place}", depth + 1, parts) for place, one in enumerate(several)]}


def _test(data: dict[str, Any], path: str) -> Condition:
    fields = _fields(data, path, required=("attribute", "op", "value"))
    attribute, op = fields["attribute"], fields["op"]
    if not isinstance(attribute, str) or not 1 <= len(attribute) <= MAX_PATH or "" in attribute.split("."):
        raise Invalid(_join(path, "attribute"), "An attribute is a name, or names joined by dots: user.country.")
    _whole_text(attribute, _join(path, "attribute"))
    if not isinstance(op, str) or op not in OPERATORS:
        raise Invalid(_join(path, "op"), f"There is no operator {op!r:.80}; there are {', '.join(OPERATORS)}.")
    try:
        value = OPERATORS[op][0](fields["value"])
    except Unfit as error:
        raise Invalid(_join(path, "value"), str(error)) from error
    return {"attribute": attribute, "op": op, "value": value}


def _rule(data: object, path: str, variants: Collection[str], segments: Collection[str]) -> Rule:
    fields = _fields(data, path, required=("when", "serve"), optional=("name",))
    name = fields.get("name", "")
    if not isinstance(name, str) or len(name) > 200:
        raise Invalid(f"{path}.name", "A rule's name has up to 200 characters.")
    return {
        "name": _whole_text(name, f"{path}.name").strip(),
        "when": parse_condition(fields["when"], segments=segments, path=f"{path}.when"),
        "serve": parse_serve(fields["serve"], variants=variants, path=f"{path}.serve"),
    }


def _pins(data: object, variants: Collection[str]) -> dict[str, str]:
    if not isinstance(data, dict) or len(data) > MAX_PINS:
        raise Invalid("pins", f"Pins are an object of up to {MAX_PINS} targeting keys with their variants.")
    for user, variant in data.items():
        if not isinstance(user, str) or not 1 <= len(user) <= MAX_TEXT:
            raise Invalid("pins", f"A pinned targeting key has 1 to {MAX_TEXT} characters.")
        _known_variant(variant, variants, f"pins.{_whole_text(user, 'pins')}")
    return dict(data)


def _needs(data: object, flags: Collection[str]) -> list[Need]:
    found: list[Need] = []
    for place, one in enumerate(_list(data, "needs", MAX_NEEDS, "needs")):
        fields = _fields(one, f"needs.{place}", required=("flag", "variants"))
        key = fields["flag"]
        if not isinstance(key, str) or key not in flags:
            raise Invalid(f"needs.{place}.flag", f"There is no other flag {key!r:.80}.")
        if any(key == need["flag"] for need in found):
            raise Invalid(f"needs.{place}.flag", f"{key} is needed twice: name all its variants in one need.")
        names = _list(fields["variants"], f"needs.{place}.variants", MAX_VARIANTS, "variants", least=1)
        if not all(isinstance(name, str) and VARIANT.fullmatch(name) for name in names):
            raise Invalid(f"needs.{place}.variants", "A need names variants of that flag.")
        found.append({"flag": key, "variants": list(dict.fromkeys(names))})
    return found


def _value(value: object, type: str, path: str) -> Any:
    if type == ValueType.BOOLEAN and isinstance(value, bool):
        return value
    if type == ValueType.STRING and isinstance(value, str):
        return _whole_text(value, path, MAX_VALUE)
    if type == ValueType.INTEGER and is_number(value) and isinstance(value, int):
        return value
    if type == ValueType.FLOAT and is_number(value):
        return float(value)  # type: ignore[arg-type]
    if type == ValueType.JSON and isinstance(value, dict | list):
        return _json(value, path)
    wanted = {
        ValueType.BOOLEAN: "true or false",
        ValueType.STRING: "a text",
        ValueType.INTEGER: "a whole number within ±2⁵³",
        ValueType.FLOAT: "a number",
        ValueType.JSON: "an object or a list",
    }
    raise Invalid(path, f"The value must be {wanted[ValueType(type)]}.")


def _json(value: object, path: str) -> Any:
    if deeper(value):
        raise Invalid(path, "It is nested too deep.")
    try:
        written = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
        if len(written) > MAX_VALUE:
            raise Invalid(path, f"A value has {MAX_VALUE} bytes at most.")
        read = orjson.loads(written)
    except (TypeError, orjson.JSONDecodeError):
        read = None
    if read != value:  # as NaN, which orjson writes as null
        raise Invalid(path, "This is no JSON that every reader understands the same.")
    return read


def _whole_text(text: str, path: str, longest: int = MAX_TEXT) -> str:
    if len(text) > longest:
        raise Invalid(path, f"This may have {longest} characters.")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise Invalid(path, "This text has half a character (a lone surrogate).")
    return text


def _known_variant(name: object, variants: Collection[str], path: str) -> None:
    if not isinstance(name, str) or name not in variants:
        raise Invalid(path, f"There is no variant {name!r:.80}.")


def _fields(data: object, path: str, *, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Invalid(path, "This must be an object.")
    for name in required:
        if name not in data:
            raise Invalid(_join(path, name), f"{name} is missing.")
    for name in data:
        if name not in required and name not in optional:
            raise Invalid(_join(path, f"{name!s:.80}"), f"There is no {name!s:.80} here.")
    return data


def _list(data: object, path: str, most: int, what: str, least: int = 0) -> list[Any]:
    if not isinstance(data, list) or not least <= len(data) <= most:
        raise Invalid(path, f"This must be a list of {least} to {most} {what}.")
    return data


def _join(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part
