"""Pins and needs as people type them: one on each line, what it is about = what it gets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.errors import Refused


def write_pins(pins: Mapping[str, str]) -> str:
    """So that `read_pins` understands it again; a user key that a line could not hold stands in quotes."""
    return "\n".join(f"{_typed(user)} = {variant}" for user, variant in pins.items())


def read_pins(text: str) -> dict[str, str]:
    """``u-1 = on`` on each line. Raises Refused naming the line."""
    found: dict[str, str] = {}
    for number, user, variant in _lines(text, "a user and a variant, as in u-1 = on"):
        if user in found:
            raise Refused(f"Line {number}: {user} is pinned twice.", field="pins")
        found[user] = variant
    return found


def write_needs(needs: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(f"{need['flag']} = {', '.join(need['variants'])}" for need in needs)


def read_needs(text: str) -> list[dict[str, Any]]:
    """``search-index = on, beta`` on each line. Raises Refused naming the line."""
    return [
        {"flag": flag, "variants": [name.strip() for name in variants.split(",") if name.strip()]}
        for _, flag, variants in _lines(text, "a flag and its variants, as in search-index = on")
    ]


def _typed(user: str) -> str:
    plain = user == user.strip() and user.isprintable() and not user.startswith('"')
    return user if plain else json.dumps(user)


def _lines(text: str, wanted: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line.strip():
            continue
        about, equals, given = line.rpartition("=")
        about = about.strip()
        if about.startswith('"'):
            about = _quoted(about, number)
        if not equals or not about or not given.strip():
            raise Refused(f"Line {number} is not {wanted}.", field="lines")
        yield number, about, given.strip()


def _quoted(text: str, number: int) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, str):
        raise Refused(f"Line {number}: the quotes do not close.", field="lines")
    return found
