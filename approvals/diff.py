"""What changed between two versions of a sealed part, as lines that read. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NAMES = ("name", "key", "product", "feature", "flag", "text", "stage", "exposure")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One leaf that differs. `before` or `after` is empty where it came or went."""

    what: str
    before: str = ""
    after: str = ""


def changes(before: Any, after: Any) -> list[Change]:
    """Every leaf of two JSON values that differs. Members of lists are matched by their name, else by their place."""
    old, new = dict(_leaves(before, ())), dict(_leaves(after, ()))
    paths = [*new, *(path for path in old if path not in new)]
    return [
        Change(what=_phrase(path), before=old.get(path, ""), after=new.get(path, ""))
        for path in paths
        if old.get(path) != new.get(path)
    ]


def _leaves(value: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, (*path, str(key)))]
    if isinstance(value, list):
        if all(not isinstance(inner, Mapping | list) for inner in value):
            return [(path, ", ".join(as_text(inner) for inner in value))]
        return [leaf for name, inner in _named(value) for leaf in _leaves(inner, (*path, name))]
    return [(path, as_text(value))]


def _named(rows: list[Any]) -> list[tuple[str, Any]]:
    """Each with a name of its own: of several that are called alike, none may hide another."""
    seen: Counter[str] = Counter()
    found = []
    for place, row in enumerate(rows, start=1):
        name = _name(row, place)
        seen[name] += 1
        found.append((f"{name} ({seen[name]})" if seen[name] > 1 else name, row))
    return found


def _name(value: Any, place: int) -> str:
    if isinstance(value, Mapping):
        for key in _NAMES:
            if isinstance(value.get(key), str) and value[key]:
                return str(value[key])
    return str(place)


def as_text(value: Any) -> str:
    """A JSON scalar for a reader."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith("sha256:") and len(value) > 24:
        return f"{value[:19]}…"
    return str(value)


def _phrase(path: tuple[str, ...]) -> str:
    return " · ".join(word.replace("_", " ") for word in path)
