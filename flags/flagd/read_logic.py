"""JSONLogic that Slipway has words for: conditions and divisions, each refused by name where it says something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from core.weights import FULL
from flags.evaluation.definition import Condition, Serve
from flags.flagd.logic import COMPARED, TEXTS, USER, VERSIONS, guarded

MAX_DEPTH = 32


class Foreign(ValueError):
    """What Slipway has no words for; says what."""


def read_condition(logic: Any, segments: Mapping[str, Condition], deep: int = 0) -> Condition:
    """The condition that such logic stands for; its values are not checked yet. Raises Foreign."""
    if deep > MAX_DEPTH:
        raise Foreign("its conditions nest too deep")
    op, args = _operation(logic)
    if op == "$ref":
        if not isinstance(args, str) or args not in segments:
            raise Foreign(f"there is no segment {args!r:.80}")
        return {"segment": args}
    listed = args if isinstance(args, list) else [args]
    if op in ("and", "or"):
        test = _guarded_test(listed) if op == "and" else None
        parts = [read_condition(part, segments, deep + 1) for part in listed] if test is None else []
        return test or {"all" if op == "and" else "any": parts}
    if op == "!" and len(listed) == 1:
        return {"not": read_condition(listed[0], segments, deep + 1)}
    if op not in TESTS:
        raise Foreign(f"Slipway has no operator {op!r:.80}")
    return TESTS[op](op, listed)


def read_serve(logic: Any) -> tuple[Serve, str | None]:
    """What it gives, with the seed where it divides. Raises Foreign."""
    if isinstance(logic, bool):
        logic = "true" if logic else "false"
    if isinstance(logic, str):
        return {"variant": logic}, None
    seed, parts = read_division(logic)
    split = []
    for given, weight in parts:
        serve, _ = read_serve(given) if isinstance(given, str | bool) else ({}, None)
        if "variant" not in serve:
            raise Foreign("a part of a division is no variant")
        split.append([serve["variant"], weight])
    return {"split": split}, seed


def read_division(logic: Any) -> tuple[str, list[tuple[Any, int]]]:
    """The seed, and what gets which weight in parts per 100 000. Raises Foreign."""
    op, args = _operation(logic)
    if op != "fractional" or not isinstance(args, list):
        raise Foreign(f"Slipway has no operator {op!r:.80} for what a flag gives")
    seed = _seed(args[0]) if args else None
    if seed is None:
        raise Foreign("fractional divides by something else than seed:targetingKey")
    parts = [_part(one) for one in args[1:]]
    total = sum(weight for _, weight in parts)
    if not total or any(weight * FULL % total for _, weight in parts):
        raise Foreign("the weights of its fractional are no thousandths of a percent")
    return seed, [(given, weight * FULL // total) for given, weight in parts]


def _operation(logic: Any) -> tuple[str, Any]:
    if not isinstance(logic, dict) or len(logic) != 1:
        raise Foreign(f"this is no operation: {logic!r:.80}")
    ((op, args),) = logic.items()
    return op, args


def _seed(hashed: Any) -> str | None:
    parts = hashed.get("cat") if isinstance(hashed, dict) and len(hashed) == 1 else None
    if isinstance(parts, list) and len(parts) == 3 and isinstance(parts[0], str) and parts[1:] == [":", USER]:
        return parts[0]
    return None


def _part(one: Any) -> tuple[Any, int]:
    if not isinstance(one, list) or not 1 <= len(one) <= 2:
        raise Foreign("a part of a fractional is a variant and a weight")
    weight = one[1] if len(one) == 2 else 1
    if type(weight) is not int or weight < 0:
        raise Foreign("a weight of its fractional is no whole number")
    return one[0], weight


def _guarded_test(parts: list[Any]) -> Condition | None:
    """A number or version test beside the question whether the attribute is there: what `guarded` writes."""
    if len(parts) != 2 or not isinstance(parts[1], dict) or len(parts[1]) != 1:
        return None
    op, args = _operation(parts[1])
    if op not in (*COMPARED.values(), "sem_ver") or not isinstance(args, list) or not args:
        return None
    path = _path(args[0])
    if path is None or guarded(path, parts[1]) != {"and": parts}:
        return None
    return _version(op, args) if op == "sem_ver" else _comparison(args, op)


def _path(logic: Any) -> str | None:
    path = logic.get("var") if isinstance(logic, dict) and len(logic) == 1 else None
    path = path[0] if isinstance(path, list) and len(path) == 1 else path
    known = isinstance(path, str) and path.split(".")[0] != "$flagd" and "\\" not in path
    return path if known else None


def _attribute(op: str, args: list[Any], wanted: int) -> str:
    path = _path(args[0]) if len(args) == wanted else None
    if path is None:
        raise Foreign(f"{op} asks for something else than an attribute and a value")
    return path


def _equality(op: str, args: list[Any]) -> Condition:
    test = {"attribute": _attribute(op, args, 2), "op": "equals", "value": args[1]}
    return test if op in ("==", "===") else {"not": test}


def _membership(op: str, args: list[Any]) -> Condition:
    inner = _path(args[1]) if len(args) == 2 else None
    if inner is not None and isinstance(args[0], str):
        return {"attribute": inner, "op": "contains", "value": args[0]}
    return {"attribute": _attribute(op, args, 2), "op": "in", "value": args[1]}


def _text(op: str, args: list[Any]) -> Condition:
    return {"attribute": _attribute(op, args, 2), "op": op, "value": args[1]}


def _unguarded(op: str, args: list[Any]) -> Condition:
    """JSONLogic counts a missing attribute as 0: taken only where 0 would not fit either."""
    test = _comparison(args, op)
    limit = test["value"]
    if not isinstance(limit, int | float) or isinstance(limit, bool):
        raise Foreign(f"{op} compares with something else than a number")
    if {"<": limit > 0, "<=": limit >= 0, ">": limit < 0, ">=": limit <= 0}[op]:
        raise Foreign(f"{op} {limit} also fits where {test['attribute']} is missing, which counts as 0")
    return test


def _comparison(args: list[Any], op: str) -> Condition:
    name = next(name for name, sign in COMPARED.items() if sign == op)
    return {"attribute": _attribute(op, args, 2), "op": name, "value": args[1]}


def _version(op: str, args: list[Any]) -> Condition:
    path = _attribute(op, args, 3)
    name = next((name for name, sign in VERSIONS.items() if sign == args[1]), None)
    if name is None:
        raise Foreign(f"Slipway does not compare versions by {args[1]!r:.20}")
    return {"attribute": path, "op": name, "value": args[2]}


TESTS: Mapping[str, Callable[[str, list[Any]], Condition]] = MappingProxyType(
    {
        **dict.fromkeys(("==", "===", "!=", "!=="), _equality),
        "in": _membership,
        **dict.fromkeys(TEXTS, _text),
        **dict.fromkeys(COMPARED.values(), _unguarded),
        "sem_ver": _version,
    }
)
