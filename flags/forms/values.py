"""Values as people type them: what looks like a number or true is that, what is quoted is a text."""

from __future__ import annotations

import json
from typing import Any

from core.jsons import loads


def read(text: str) -> Any:
    """``5`` and ``true`` are what they look like; ``"5"`` is a text, and so is all else."""
    text = text.strip()
    try:
        found = loads(text)
    except ValueError:
        return text
    return found if isinstance(found, bool | int | float | str) and _is_whole(found) else text


def read_text(text: str) -> str:
    """Always a text; quotes keep spaces at its ends."""
    found = read(text)
    return found if isinstance(found, str) else text.strip()


def read_list(text: str) -> list[Any]:
    """``JP, KR``, or a JSON list."""
    try:
        found = loads(text)
    except ValueError:
        found = None
    if isinstance(found, list):
        return found
    return [read(part) for part in text.split(",") if part.strip()]


def write(given: Any) -> str:
    """So that `read`, or for a list `read_list`, understands it again."""
    if isinstance(given, list):
        plain = [write(one) for one in given]
        joined = ", ".join(plain)
        return joined if read_list(joined) == given else json.dumps(given, ensure_ascii=False)
    return given if isinstance(given, str) and given and read(given) == given else json.dumps(given, ensure_ascii=False)


def write_text(given: str) -> str:
    """So that `read_text` understands it again."""
    return given if given and read_text(given) == given else json.dumps(given, ensure_ascii=False)


def _is_whole(given: object) -> bool:
    """No half characters (lone surrogates), which no page and no answer can hold."""
    return not (isinstance(given, str) and any("\ud800" <= sign <= "\udfff" for sign in given))
