"""Versions in contexts and conditions: semantic ones, read as flagd's `sem_ver` reads them."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import semver

LONGEST = 256
"""Also node's limit."""

Precedence: TypeAlias = tuple[int, int, int, tuple[tuple[int, int, str], ...]]
"""Compares as the version does. A release stands after all its pre-releases, hence its one part that tops any other."""

RELEASE = ((2, 0, ""),)


def precedence(text: str) -> Precedence | None:
    """What orders a version (SemVer 2.0, §11), or None where it is none. A leading v and missing parts are forgiven
    (``v1``, ``1.2-rc``); what stands behind a + does not count.
    """
    return known(text) if len(text) <= LONGEST else None


@lru_cache(maxsize=4096)
def known(text: str) -> Precedence | None:
    """`precedence` of a text that is not too long to be remembered."""
    try:
        version = semver.Version.parse(_completed(text))
    except ValueError:
        return None
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in _parts(version.prerelease))
    return version.major, version.minor, version.patch, parts or RELEASE


def _completed(text: str) -> str:
    bare = text[1:] if text[:1] in ("v", "V") else text
    numbers = bare.split("-")[0].split("+")[0]
    return numbers + ".0" * (2 - numbers.count(".")) + bare[len(numbers) :]


def _parts(prerelease: str | None) -> list[str]:
    return prerelease.split(".") if prerelease else []
