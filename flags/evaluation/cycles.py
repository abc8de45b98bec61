"""Who depends on whom: in which order to build, and what turns in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flags.evaluation.definition import Condition, used_segments

Graph = Mapping[str, Iterable[str]]
"""Key → the keys it depends on; those that are no key of the graph are ignored."""


def segment_cycle(segments: Mapping[str, Condition]) -> list[str]:
    """The segments that use one another in a circle, in that order, or []."""
    return _first_cycle({key: sorted(used_segments(condition)) for key, condition in segments.items()})


def need_cycle(needs: Graph) -> list[str]:
    """The flags that need one another in a circle, in that order, or []. `needs`: flag → the flags it needs."""
    return _first_cycle(needs)


def components(graph: Graph) -> list[list[str]]:
    """The strongly connected components, each after all it depends on (Tarjan 1972, without recursion: a chain may be
    as long as it likes).
    """
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: dict[str, None] = {}
    found: list[list[str]] = []
    for root in graph:
        if root in number:
            continue
        work = [(root, iter(graph[root]))]
        number[root] = low[root] = len(number)
        open_[root] = None
        while work:
            key, rest = work[-1]
            inner = next(rest, None)
            if inner is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[key])
                if low[key] == number[key]:
                    found.append(_closed(key, open_))
            elif inner in open_:
                low[key] = min(low[key], number[inner])
            elif inner in graph and inner not in number:
                work.append((inner, iter(graph[inner])))
                number[inner] = low[inner] = len(number)
                open_[inner] = None
    return found


def _closed(key: str, open_: dict[str, None]) -> list[str]:
    members: list[str] = []
    while not members or members[-1] != key:
        members.append(open_.popitem()[0])
    return members


def turns(component: list[str], graph: Graph) -> bool:
    """Whether a component is a circle."""
    return len(component) > 1 or component[0] in graph[component[0]]


def _first_cycle(graph: Graph) -> list[str]:
    for component in components(graph):
        if turns(component, graph):
            return _walk(component, graph)
    return []


def _walk(component: list[str], graph: Graph) -> list[str]:
    """From the first of them on to one that was met before."""
    path = [min(component)]
    while True:
        following = next(key for key in graph[path[-1]] if key in component)
        if following in path:
            return path[path.index(following) :]
        path.append(following)
