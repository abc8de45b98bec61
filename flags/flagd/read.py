"""A flagd definition as flags: what Slipway has words for, the rest refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.jsons import deeper, loads
from core.weights import FULL
from flags.choices import Carrier, ValueType
from flags.evaluation import Definition, Invalid, default_targeting, parse_condition, parse_targeting, parse_variants
from flags.evaluation.definition import Condition, Serve
from flags.flagd.export import Portable
from flags.flagd.logic import USER, var
from flags.flagd.read_logic import Foreign, read_condition, read_division, read_serve

KNOWN = {"state", "variants", "defaultVariant", "targeting", "metadata"}


@dataclass(frozen=True, slots=True)
class Read:
    """`refused` says of a flag's key (or ``segment beta``) why it is not among the others. A flag that brought no seed
    or salt has an empty one.
    """

    flags: dict[str, Portable]
    segments: dict[str, Condition]
    refused: dict[str, str]


def read(document: object) -> Read:
    """Raises Invalid if it is no flagd definition at all."""
    if not isinstance(document, dict) or not isinstance(document.get("flags"), dict):
        raise Invalid("flags", "A flagd definition is an object with flags.")
    evaluators = document.get("$evaluators", {})
    if not isinstance(evaluators, dict):
        raise Invalid("$evaluators", "Evaluators are an object.")
    found = Read({}, {}, {})
    for key, logic in evaluators.items():
        try:
            found.segments[key] = parse_condition(read_condition(_shallow(logic), {}), segments=())
        except (Foreign, Invalid) as why:
            found.refused[f"segment {key}"] = _said(why)
    for key, data in document["flags"].items():
        try:
            found.flags[key] = _flag(key, _shallow(data), found.segments)
        except (Foreign, Invalid) as why:
            found.refused[key] = _said(why)
    return found


def _shallow(data: Any) -> Any:
    """Before anything of it is read, or only quoted to say what is wrong: either would break on it."""
    if deeper(data):
        raise Foreign("it nests too deep")
    return data


def _said(why: Exception) -> str:
    """A sentence; of what is not valid, also where."""
    if isinstance(why, Invalid):
        return f"{why.path}: {why.sentence}" if why.path else why.sentence
    return f"{why}."


def _flag(key: str, data: Any, segments: Mapping[str, Condition]) -> Portable:
    if not isinstance(data, dict):
        raise Foreign("this is no flag")
    if surplus := sorted(data.keys() - KNOWN):
        raise Foreign(f"Slipway has no {surplus[0]!r:.80}")
    if data.get("state") not in ("ENABLED", "DISABLED"):
        raise Foreign("its state is neither ENABLED nor DISABLED")
    facts = _Facts(data.get("metadata") or {})
    type, variants = _variants(data.get("variants"), facts)
    default = data.get("defaultVariant")
    if not isinstance(default, str) or default not in variants:
        raise Foreign("it has no default variant: it would give each caller's own")
    parts = _Chain(default, list(variants), segments, facts).read(data.get("targeting") or default)
    definition = Definition(
        key,
        type=type,
        variants=tuple(variants.items()),
        enabled=data["state"] == "ENABLED",
        for_clients=facts.get("for_clients", False),
        **parts,
    )
    return Portable(
        definition,
        **{name: facts.get(name, "") for name in ("name", "description", "kind", "expected_removal")},
        tags=tuple(tag.strip() for tag in facts.get("tags", "").split(",") if tag.strip()),
    )


class _Facts:
    """A flag's metadata, each fact of the type that is wanted."""

    def __init__(self, metadata: Any) -> None:
        if not isinstance(metadata, dict):
            raise Foreign("its metadata is no object")
        self.metadata = metadata

    def get(self, name: str, otherwise: Any) -> Any:
        value = self.metadata.get(name, otherwise)
        if type(value) is not type(otherwise):
            raise Foreign(f"its metadata's {name} is {value!r:.80}")
        return value


def _variants(sent: Any, facts: _Facts) -> tuple[str, dict[str, Any]]:
    """The flag's type and its variants."""
    if not isinstance(sent, dict) or not sent:
        raise Foreign("it has no variants")
    kinds = {_kind(value) for value in sent.values()}
    kind = facts.get("type", "") or (ValueType.FLOAT if kinds == {ValueType.INTEGER, ValueType.FLOAT} else min(kinds))
    if kind not in ValueType:
        raise Foreign(f"Slipway has no flags of type {kind!r:.80}")
    found = parse_variants([{"name": name, "value": value} for name, value in sent.items()], type=kind)
    return str(kind), {one["name"]: one["value"] for one in found}


def _kind(value: Any) -> ValueType:
    kinds = {bool: ValueType.BOOLEAN, str: ValueType.STRING, int: ValueType.INTEGER, float: ValueType.FLOAT}
    return kinds.get(type(value), ValueType.JSON)


def _is_if(logic: Any) -> bool:
    return isinstance(logic, dict) and list(logic) == ["if"]


@dataclass
class _Chain:
    """A flag's targeting: pins and rules, and then everybody else. Remembers the salt that its splits share."""

    default: str
    names: list[str]
    segments: Mapping[str, Condition]
    facts: _Facts
    salts: set[str] = field(default_factory=set)

    def read(self, logic: Any) -> dict[str, Any]:
        """The fields of the definition that it stands for. Raises Foreign or Invalid."""
        by_build = self.facts.get("carrier", "") == Carrier.BUILD
        steps, rest = self._steps(logic, by_build)
        count = max(self.facts.get("pins", 0), 0)
        pins = self._pins(steps[:count])
        names = self._rule_names(len(steps) - count)
        rules = [
            {"name": name, "when": read_condition(when, self.segments), "serve": self._serve(gives)}
            for name, (when, gives) in zip(names, steps[count:], strict=True)
        ]
        exposed = self._route(rest) if by_build else self._everybody_else(rest)
        sent = {"on": exposed.pop("on"), "off": exposed.pop("off"), "pins": pins, "rules": rules}
        targeting = parse_targeting(sent, variants=self.names, segments=self.segments, flags=())
        if len(self.salts) > 1:
            raise Foreign("its splits divide by more than one seed")
        return {"targeting": targeting, "salt": self._salt(), "seed": self.facts.get("seed", ""), **exposed}

    def _steps(self, logic: Any, by_build: bool) -> tuple[list[tuple[Any, Any]], Any]:
        """The steps of an if, and of the ifs in its last place; what the rest get. A route is an if of its own."""
        steps: list[tuple[Any, Any]] = []
        rest = logic
        while _is_if(rest) and not (by_build and self._is_route(rest)):
            parts = rest["if"]
            if not isinstance(parts, list) or len(parts) < 2:
                raise Foreign("an if of it has no condition or nothing that it gives")
            steps += zip(parts[::2], parts[1::2], strict=False)
            rest = parts[-1] if len(parts) % 2 else None
        return steps, self.default if rest is None else rest

    def _is_route(self, logic: Any) -> bool:
        parts = logic["if"] if _is_if(logic) else None
        if not isinstance(parts, list) or len(parts) != 3 or parts[2] != self.default:
            return False
        asks = parts[0]
        equal = asks.get("===") if isinstance(asks, dict) and len(asks) == 1 else None
        return isinstance(equal, list) and len(equal) == 2 and equal[0] == var("build") and isinstance(equal[1], str)

    def _pins(self, steps: list[tuple[Any, Any]]) -> dict[str, Any]:
        pins: dict[str, Any] = {}
        for when, variant in steps:
            users = when.get("in") if isinstance(when, dict) and len(when) == 1 else None
            if not (isinstance(users, list) and len(users) == 2 and users[0] == USER and isinstance(users[1], list)):
                raise Foreign("its metadata counts pins that are none")
            if not all(isinstance(user, str) for user in users[1]):
                raise Foreign("it pins what is no targeting key")
            pins |= dict.fromkeys(users[1], variant)
        return pins

    def _rule_names(self, count: int) -> list[str]:
        try:
            names = loads(self.facts.get("rules", "") or "[]")
        except ValueError:
            raise Foreign("its metadata's rules are no list of names") from None
        if count < 0:
            raise Foreign("its metadata counts pins that are none")
        return names if isinstance(names, list) and len(names) == count else [""] * count

    def _serve(self, logic: Any) -> Serve:
        serve, salt = read_serve(self.default if logic is None else logic)
        if salt is not None:
            self.salts.add(salt)
        return serve

    def _salt(self) -> str:
        return next(iter(self.salts)) if self.salts else self.facts.get("salt", "")

    def _route(self, rest: Any) -> dict[str, Any]:
        if not self._is_route(rest):
            raise Foreign("its metadata speaks of a route that it does not follow")
        asks, on, off = rest["if"]
        weight = self.facts.get("weight", 0)
        if not 0 < weight <= FULL:
            raise Foreign("its metadata speaks of a route that it does not follow")
        followed = {"carrier": Carrier.BUILD.value, "weight": weight, "build": asks["==="][1]}
        return {"on": self._serve(on), "off": off, **followed}

    def _everybody_else(self, rest: Any) -> dict[str, Any]:
        if isinstance(rest, str | bool):
            return self._same_for_all(read_serve(rest)[0]["variant"])
        seed, parts = read_division(rest)
        if len(parts) == 2 and parts[1][0] == self.default:
            return {"on": self._serve(parts[0][0]), "off": self.default, "weight": parts[0][1], "seed": seed}
        return {"on": self._serve(rest), "off": self.default, "weight": FULL}

    def _same_for_all(self, variant: str) -> dict[str, Any]:
        off = "off" if "off" in self.names else self.default
        if variant != off:
            return {"on": {"variant": variant}, "off": off, "weight": FULL}
        others = [name for name in self.names if name != off]
        return {"on": default_targeting(others or self.names)["on"], "off": off, "weight": 0}
