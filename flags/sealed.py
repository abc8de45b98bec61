"""What is signed of a release's flags, as people read it: who gets what beside the percentage, and what became of that.

Pure. The rows are those of `flags.definition.targeting_in_production`, as the seal keeps them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from core.chain import canonical
from flags.choices import Carrier
from flags.diff import Line, changes, when
from flags.evaluation import BOOLEANS, default_targeting, phrases
from flags.evaluation.phrases import Bit, Phrase, code, text_of

FACTS: Mapping[str, str] = MappingProxyType(
    {"for clients": "readable by client keys", "already given": "somebody in production had it before this release"}
)
"""Key of a row → what it says where it is true."""
KNOWN = {"flag", "values", "on", "off", "pins", "needs", "rules", "segments", *FACTS}
"""Keys of a row that have words of their own; others are told as they are."""
LONGEST = 180
"""Letters of a condition that are read out."""

_FROM_THE_FIRST: Phrase = (Bit(", from the first step on: "),)
_BOOLEAN: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in BOOLEANS]
_NOTHING_SPECIAL: Mapping[str, Any] = {"values": _BOOLEAN, **default_targeting([name for name, _ in BOOLEANS])}


def whom(rows: Sequence[Mapping[str, Any]]) -> list[Phrase]:
    """Who gets each flag beside the percentage and what it asks for, a line each that begins with the flag's key, and
    at last what is true of several. Users that are pinned are counted: the page is for those who sign.
    """
    found = [line for row in rows for line in _whom(row)]
    for key, words in FACTS.items():
        flags = [code(row["flag"]) for row in rows if row.get(key)]
        if flags:
            found.append((*phrases.joined(flags, ", ", " and "), Bit(f": {words}")))
    return found


def _whom(row: Mapping[str, Any]) -> list[Phrase]:
    flag = code(row["flag"])
    lines = [(*flag, Bit(" "), *phrases.need(need)) for need in row["needs"]]
    pins = phrases.joined(phrases.pins(row["pins"]), ", ", " and ")
    lines += [(*flag, *_FROM_THE_FIRST, *one) for one in [*([pins] if pins else []), *map(_rule, row["rules"])]]
    if (row["on"], row["off"]) != (_NOTHING_SPECIAL["on"], _NOTHING_SPECIAL["off"]):
        given = (*phrases.gives(row["on"]), Bit(", everyone else "), *code(row["off"]))
        lines.append((*flag, Bit(": whoever has it gets "), *given))
    for key, condition in row.get("segments", {}).items():
        lines.append((Bit("the segment "), *code(key), Bit(": "), *_brief(condition)))
    return lines


def differences(
    before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]], kept: Collection[str]
) -> list[list[Line]]:
    """From the rows of one seal to those of another, in the sentences of a flag's versions: a list for each part of a
    flag that changed. `kept` are the keys of the flags that the release had and has: of these a row that is missing
    says that nothing was special. What a flag that came gives is all new; one that went is not told here.
    """
    old, new = _by_place(before), _by_place(after)
    found: list[list[Line]] = []
    for place in [*new, *(place for place in old if place not in new)]:
        was, now = old.get(place), new.get(place)
        if was is None and now is not None and place[0] not in kept:
            lines = [[replace(line, before="") for line in part] for part in _between(_before_it_came(now), now)]
        elif now is None and place[0] not in kept:
            continue
        else:
            lines = list(_between(was or _NOTHING_SPECIAL, now or _NOTHING_SPECIAL))
        found += [[replace(line, what=f"{place[0]} · {line.what}") for line in part] for part in lines]
    return found


def _rule(rule: Mapping[str, Any]) -> Phrase:
    """By its name and, as names are not signed, by what it asks for."""
    asks = _brief(rule["when"])
    who = (Bit(f"{rule['name']} ("), *asks, Bit(")")) if rule["name"] else asks
    return (*who, Bit(" → "), *phrases.gives(rule["serve"]))


def _brief(condition: Mapping[str, Any]) -> Phrase:
    found: list[Bit] = []
    left = LONGEST
    for bit in phrases.condition(condition):
        if len(bit.text) > left:
            return (*found, Bit(bit.text[:left], bit.code), Bit(" …"))
        found.append(bit)
        left -= len(bit.text)
    return tuple(found)


def _by_place(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], Mapping[str, Any]]:
    """By the flag's key and, as several products may have one of that key, by which of them it is."""
    seen: Counter[str] = Counter()
    found = {}
    for row in rows:
        seen[row["flag"]] += 1
        found[row["flag"], seen[row["flag"]]] = row
    return found


def _before_it_came(row: Mapping[str, Any]) -> Mapping[str, Any]:
    boolean = canonical(row["values"]) == canonical(_BOOLEAN)
    plain = default_targeting([one["name"] for one in row["values"]])
    return {"values": _BOOLEAN if boolean else [], **plain}


def _between(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[list[Line]]:
    before, after = was.get("segments", {}), now.get("segments", {})
    for part in changes(_definition(was), _definition(now), before, after, most=None):
        yield [replace(line, what=_named(part.title, line.what)) for line in part.lines]
    fresh = [Line(f"segments · {key}", "", when(after[key])) for key in after if key not in before]
    gone = [Line(f"segments · {key}", when(before[key]), "") for key in before if key not in after]
    if fresh or gone:
        yield [*fresh, *gone]
    for key, words in FACTS.items():
        if bool(was.get(key)) != bool(now.get(key)):
            yield [Line(words, _yes(was.get(key)), _yes(now.get(key)))]
    for key in sorted({*was, *now} - KNOWN):
        if canonical(was.get(key)) != canonical(now.get(key)):
            yield [Line(key, *(text_of(one[key]) if key in one else "" for one in (was, now)))]


def _named(title: str, what: str) -> str:
    """``needs · index``; a rule's place says that it is one."""
    if title == "Rules":
        return what if what != "order" else "order of the rules"
    return f"{title.lower()} · {what}" if what else title.lower()


def _definition(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is not signed of a flag here is the same before and after."""
    same: dict[str, Any] = {"enabled": True, "withheld": False, "carrier": Carrier.PERCENTAGE, "weight": 0}
    return {**same, "build": "", "seed": "", "salt": "", "variants": row["values"], "targeting": row}


def _yes(value: Any) -> str:
    return "yes" if value else "no"


def keys(features: Sequence[Mapping[str, Any]]) -> set[str]:
    """Of the flags that guard these features, as the seal lists them."""
    return {key for feature in features for key in feature.get("flags", ())}
