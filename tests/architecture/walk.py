"""All addresses of the site, and all of its own source files."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ["config", "demo", "rollouts", "approvals", "validation", "releases", "flags", "core"]


@dataclass(frozen=True)
class Address:
    route: str
    view: Any
    name: str
    namespace: str


def addresses(resolver: URLResolver | None = None, prefix: str = "", namespace: str = "") -> Iterator[Address]:
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, route, pattern.namespace or namespace)
        elif isinstance(pattern, URLPattern):
            yield Address(route, pattern.callback, pattern.name or "", namespace)


def sources(*folders: str) -> list[Path]:
    """Python files of the rooms (or of `folders`), without migrations."""
    found = [file for folder in folders or ROOMS for file in (ROOT / folder).rglob("*.py")]
    return sorted(file for file in found if "migrations" not in file.parts)


@cache
def parsed(file: Path) -> ast.Module:
    """What a source file says. Many rules ask, and each file is parsed once."""
    return ast.parse(file.read_text())
