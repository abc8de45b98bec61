"""Segments as functions, each built after those it uses."""

from __future__ import annotations

from collections.abc import Mapping

from flags.evaluation.conditions import CannotCompile, compile_condition
from flags.evaluation.cycles import components
from flags.evaluation.definition import Condition, alike, used_segments
from flags.evaluation.operators import Fits

BROKEN = (CannotCompile, KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError)
"""What data from elsewhere can make of a build."""

MAX_PARTS = 2_000
"""Of a segment with all that it uses: a segment that is used twice is asked twice."""

MAX_NESTING = 8


def segments_too_large(segments: Mapping[str, Condition]) -> list[str]:
    """The segments that, with all they use, have more parts or nest deeper than is evaluated."""
    return [key for key, (parts, nesting) in _sizes(segments).items() if parts > MAX_PARTS or nesting > MAX_NESTING]


def compile_segments(segments: Mapping[str, Condition]) -> dict[str, Fits]:
    """The segments that can be evaluated; what is broken, too large or turns in a circle is not among them."""
    too_large = set(segments_too_large(segments))
    built: dict[str, Fits] = {}
    for component in components(_graph(segments)):
        for key in component:
            try:
                if key not in too_large:
                    built[key] = compile_condition(segments[key], built)
            except BROKEN:
                continue
    return built


def changed_segments(before: Mapping[str, Condition], after: Mapping[str, Condition]) -> set[str]:
    """The keys that mean something else after, themselves or by what they use."""
    changed = {key for key in before.keys() | after.keys() if not _alike(before.get(key), after.get(key))}
    if changed:
        graph = _graph(after)
        for component in components(graph):
            if any(key in changed or not changed.isdisjoint(graph[key]) for key in component):
                changed.update(component)
    return changed


def _alike(before: Condition | None, after: Condition | None) -> bool:
    try:
        return alike(before, after)
    except BROKEN:
        return False


def _graph(segments: Mapping[str, Condition]) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for key, condition in segments.items():
        try:
            graph[key] = used_segments(condition)
        except BROKEN:
            continue
    return graph


def _sizes(segments: Mapping[str, Condition]) -> dict[str, tuple[int, int]]:
    """Parts and nesting of each; of those in a circle, as if the circle ended."""
    sizes: dict[str, tuple[int, int]] = {}
    for component in components(_graph(segments)):
        for key in component:
            parts, used = _counted(segments[key])
            inner = [sizes.get(one, (0, 0)) for one in used]
            sizes[key] = (parts + sum(size for size, _ in inner), 1 + max((nesting for _, nesting in inner), default=0))
    return sizes


def _counted(condition: Condition) -> tuple[int, list[str]]:
    """How many parts a condition has, and the segment of each part that is one."""
    parts, used, rest = 0, [], [condition]
    while rest:
        one = rest.pop()
        parts += 1
        if "segment" in one:
            used.append(one["segment"])
        rest += one.get("all") or one.get("any") or ([one["not"]] if "not" in one else [])
    return parts, used
