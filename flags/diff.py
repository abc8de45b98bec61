"""What is different between two definitions of a flag, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from core.chain import canonical
from core.digests import short
from core.weights import as_percent
from flags.choices import Carrier
from flags.evaluation import phrases
from flags.evaluation.phrases import text_of

LINES = 12
"""Of one part that are read out; of more, how many there are."""


@dataclass(frozen=True)
class Line:
    """`what` changed from `before` to `after`; empty: it was not there, or is no more."""

    what: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Change:
    """One part of a flag, as `{% diff %}` draws it."""

    title: str
    lines: Sequence[Line]
    more: int = 0
    wording: bool = False


def changes(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    segments_before: Mapping[str, Any] | None = None,
    segments_after: Mapping[str, Any] | None = None,
    most: int | None = LINES,
) -> list[Change]:
    """From one definition (`flags.definition.complete`) to another, in the order in which they decide; of each part at
    most that many lines.
    """
    was, now = before["targeting"], after["targeting"]
    parts: list[tuple[str, Iterable[Line]]] = [
        ("Kill switch", _switch(before, after)),
        ("Withheld", _withheld(before, after)),
        ("Needs", _listed(was["needs"], now["needs"], "flag", _need)),
        ("Pins", _pins(was["pins"], now["pins"])),
        ("Rules", _rules(was["rules"], now["rules"])),
        ("Everyone else", _one(_exposed(before), _exposed(after))),
        ("Whoever has it", _one(_serve(was["on"]), _serve(now["on"]))),
        ("Otherwise", _one(was["off"], now["off"])),
        ("Values", values(before["variants"], after["variants"])),
        ("Segments", _segments(segments_before or {}, segments_after or {})),
        ("Buckets", _one(before["seed"], after["seed"])),
        ("Buckets of splits", _one(before["salt"], after["salt"])),
    ]
    found = [(title, list(lines)) for title, lines in parts]
    return [Change(title, lines[:most], len(lines) - len(lines[:most])) for title, lines in found if lines]


def segment(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """From one segment (`name`, `description` and `condition`; no condition: it was erased) to another."""
    old, new = before["condition"], after["condition"]
    erased = [Line("", *("(erased)" if one is None else when(one) for one in (old, new)))]
    found = [
        ("Who is in it", erased if old is None or new is None else list(told("", old, new, when))),
        ("Name", list(_one(before["name"], after["name"]))),
        ("Description", list(_one(before["description"], after["description"]))),
    ]
    return [Change(title, lines) for title, lines in found if lines]


def in_rows(changed: Iterable[Change]) -> list[tuple[str, str]]:
    """The same as terms and what they are: for mails."""
    return [(one.title, "; ".join(_in_words(line) for line in one.lines)) for one in changed]


def _in_words(line: Line) -> str:
    change = f"{line.before} → {line.after or 'removed'}" if line.before else line.after
    return f"{line.what}: {change}" if line.what else change


def values(before: Iterable[Any], after: Iterable[Any]) -> Iterator[Line]:
    """From the values of a flag to other ones."""
    yield from _listed(before, after, "name", lambda one: text_of(one["value"]))


def _one(before: str, after: str) -> Iterator[Line]:
    if before != after:
        yield Line(before=before, after=after)


def _switch(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Line]:
    words = {True: "it decides", False: "off for everybody"}
    yield from _one(words[before["enabled"]], words[after["enabled"]])


def _withheld(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Line]:
    words = {True: "withheld from everybody", False: "its pins and rules decide"}
    yield from _one(words[before["withheld"]], words[after["withheld"]])


def _exposed(definition: Mapping[str, Any]) -> str:
    share = as_percent(definition["weight"])
    if definition["carrier"] == Carrier.BUILD and definition["build"]:
        return f"whom build {short(definition['build'])} serves ({share})"
    return share


def _serve(serve: Mapping[str, Any]) -> str:
    return phrases.plain(phrases.gives(serve))


def _need(one: Mapping[str, Any]) -> str:
    return f"to give {' or '.join(one['variants'])}"


def _listed(before: Iterable[Any], after: Iterable[Any], key: str, says: Any) -> Iterator[Line]:
    """Rows that have a name, by that name; another order is a change as well."""
    was, now = ({one[key]: one for one in rows} for rows in (before, after))
    for name in [*was, *(name for name in now if name not in was)]:
        old, new = was.get(name), now.get(name)
        if not _same(old, new):
            yield Line(name, says(old) if old else "", says(new) if new else "")
    stayed = [[name for name in rows if name in other] for rows, other in ((was, now), (now, was))]
    if stayed[0] != stayed[1]:
        yield Line("order", ", ".join(was), ", ".join(now))


def _pins(was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Line]:
    for user in sorted({*was, *now}):
        if was.get(user) != now.get(user):
            yield Line(text_of(user), was.get(user, ""), now.get(user, ""))


def _segments(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Line]:
    """Only those that both use: what a rule asks anew, its own line says."""
    for key in sorted(was.keys() & now.keys()):
        yield from told(key, was[key], now[key], when)


def _rules(was: Sequence[Any], now: Sequence[Any]) -> Iterator[Line]:
    """What happened to each rule. Equal ones belong together, then those of one name, then those of one place."""
    pairs = _pairs(was, now)
    for new, rule in enumerate(now):
        old = pairs.get(new)
        place = f"rule {new + 1}"
        if old is None:
            yield Line(f"{place}, new", "", _rule(rule))
            continue
        before = was[old]
        yield from told(f"{place}, name", before["name"], rule["name"], lambda name: name or "no name")
        yield from told(place, before["when"], rule["when"], when)
        yield from told(f"{place} gives", before["serve"], rule["serve"], _serve)
    for old, rule in enumerate(was):
        if old not in pairs.values():
            yield Line(f"rule {old + 1}, gone", _rule(rule), "")
    kept = [pairs[new] for new in sorted(pairs)]
    if kept != sorted(kept):
        moved = [f"rule {old + 1} is rule {new + 1}" for new, old in sorted(pairs.items()) if old != new]
        yield Line("order", "", ", ".join(moved[:LINES]))


def _pairs(was: Sequence[Any], now: Sequence[Any]) -> dict[int, int]:
    """Which rule of `now` (by its place) was which of `was`."""
    found: dict[int, int] = {}
    texts = [[canonical(rule) for rule in rules] for rules in (was, now)]
    for old, new, size in SequenceMatcher(a=texts[0], b=texts[1], autojunk=False).get_matching_blocks():
        found |= {new + step: old + step for step in range(size)}
    alike = [
        lambda old, new: texts[0][old] == texts[1][new],
        lambda old, new: bool(was[old]["name"]) and was[old]["name"] == now[new]["name"],
        lambda old, new: _same(was[old]["when"], now[new]["when"]),
        lambda old, new: old == new or len(was) == len(now) == 1,
    ]
    for belongs in alike:
        for new in range(len(now)):
            free = [old for old in range(len(was)) if old not in found.values()]
            match = next((old for old in free if belongs(old, new)), None) if new not in found else None
            if match is not None:
                found[new] = match
    return found


def told(what: str, before: Any, after: Any, says: Any) -> Iterator[Line]:
    """A change that reads the same before and after (the 30th value of a list) is still one."""
    if _same(before, after):
        return
    old, new = says(before), says(after)
    yield Line(what, old, f"{new} (other values)" if old == new else new)


def _rule(rule: Mapping[str, Any]) -> str:
    name = f"{rule['name']}: " if rule["name"] else ""
    return f"{name}{when(rule['when'])} → {_serve(rule['serve'])}"


def when(condition: Mapping[str, Any]) -> str:
    """A condition in plain words."""
    return phrases.plain(phrases.condition(condition))


def _same(before: Any, after: Any) -> bool:
    """As JSON: true is not 1 here, and 1 is not 1.0."""
    return canonical(before) == canonical(after)
