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
from flags.definition import nameless, targeting_in_production
from releases.choices import LinkKind
from releases.models import Feature, Release


@dataclass(frozen=True, kw_only=True)
class Part:
    """One thing that is signed. `cosmetic`: keys anywhere in `content` that are shown, not sealed. `sealed`: what is,
    where keys cannot tell, because people choose them (a JSON value of a flag).
    """

    name: str
    title: str
    content: Any
    cosmetic: frozenset[str] = frozenset()
    sealed: Any = None

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical content without its cosmetic keys, hexadecimal."""
        sealed = self.content if self.sealed is None else self.sealed
        return hashlib.sha256(canonical(_material(sealed, self.cosmetic))).hexdigest()


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


def features(release: Release) -> Part:
    """What a user will notice and what depends on what. Its name, the summary and descriptions are only shown."""
    rows = release.features.prefetch_related("links__other").order_by("name")
    content = {
        "release": release.name,
        "kind": release.kind,
        "summary": release.summary,
        "features": [
            {
                "name": row.name,
                "description": row.description,
                "after": _names(row, LinkKind.AFTER),
                "together with": _names(row, LinkKind.TOGETHER),
            }
            for row in rows
        ],
    }
    words = frozenset({"release", "summary", "description"})
    return Part(name="features", title="Features", content=content, cosmetic=words)


def candidates(release: Release) -> Part:
    """Which build of which product."""
    rows = release.candidates.select_related("product", "build").order_by("product__slug")
    content = [
        {
            "product": row.product.slug,
            "version": row.build.version if row.build else None,
            "commit": row.build.commit if row.build else None,
            "digest": row.build.digest if row.build else None,
        }
        for row in rows
    ]
    return Part(name="candidates", title="Candidate", content=content)


def flags(release: Release) -> Part:
    """Which flags guard which feature, the seed that decides who has them first, and who gets what from them in
    production beside their percentage; never who has them now. What people call a rule is only shown.
    """
    rows = list(release.features.prefetch_related("flags").order_by("name"))
    content = {
        "seed": str(release.seed),
        "features": [
            {
                "feature": row.name,
                "flags": sorted(flag.key for flag in row.flags.all()),
                "without a flag because": row.no_flag_reason,
            }
            for row in rows
        ],
    }
    special = targeting_in_production({flag for row in rows for flag in row.flags.all()})
    unnamed = [nameless(one) for one in special]
    shown, sealed = ({**content, "who gets what": rows} if rows else content for rows in (special, unnamed))
    return Part(name="flags", title="Flags", content=shown, sealed=sealed)


def way_back(release: Release) -> Part:
    """How we get back, and what happens to data."""
    return Part(name="way_back", title="Way back", content={"way back": release.way_back})


def _names(feature: Feature, kind: LinkKind) -> list[str]:
    return sorted(link.other.name for link in feature.links.all() if link.kind == kind)
