"""Whom the rooms below would make sign again by changing something."""

from collections.abc import Mapping, Sequence

from approvals.case import Case
from releases.models import Release


def signed(release: Release) -> Mapping[str, Sequence[str]]:
    """Name of a part of the seal → the stages with a signature that covers it and counts now."""
    case = Case(release)
    standing = [(one.stage.name, one.stage.covers) for one in case.standings if one.granted]
    return {part: [name for name, covers in standing if not covers or part in covers] for part in case.digests}
