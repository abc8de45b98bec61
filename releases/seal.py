"""The seal: the hash of exactly what is signed. `settings.SEAL_PARTS` names who contributes which part.

A part is definitions, never progress. Its `content` is plain JSON that reads well beside another version of itself.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from core.audit import canonical
from releases.models import Release


@dataclass(frozen=True, kw_only=True)
class Part:
    """One thing that is signed. `cosmetic` names keys anywhere in `content` that are shown but not sealed (typos, descriptions)."""

    name: str
    title: str
    content: Any
    cosmetic: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical content without its cosmetic keys, hexadecimal."""
        return hashlib.sha256(canonical(_material(self.content, self.cosmetic))).hexdigest()


PartFunction = Callable[[Release], Part]


def parts(release: Release) -> list[Part]:
    """What a signature on `release` would cover now, in the order of `settings.SEAL_PARTS`."""
    functions: list[PartFunction] = [import_string(path) for path in settings.SEAL_PARTS]
    return [function(release) for function in functions]


def digest(sealed: list[Part]) -> str:
    """SHA-256 over the parts' names and digests, hexadecimal."""
    return hashlib.sha256(canonical([[part.name, part.digest] for part in sealed])).hexdigest()


def _material(content: Any, cosmetic: frozenset[str]) -> Any:
    if isinstance(content, dict):
        return {key: _material(value, cosmetic) for key, value in content.items() if key not in cosmetic}
    if isinstance(content, list):
        return [_material(value, cosmetic) for value in content]
    return content
