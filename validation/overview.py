"""Which releases need testing, and how far each is."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import QuerySet

from core.models import User
from releases.choices import ReleaseKind
from releases.models import Candidate, Release
from validation import gates, rules
from validation.bench import Row, rows_of


@dataclass(frozen=True, kw_only=True)
class Line:
    """One release: where its tests stand, and what is left for the reader."""

    release: Release
    standing: rules.Standing
    builds: str
    left: int


def lines(visible: QuerySet[Release], user: User) -> list[Line]:
    """Of all these, those with scenarios or in need of them; first where something failed or is left. The queries do
    not grow with the number of releases.
    """
    releases = list(visible.select_related("product").order_by("-created_at"))
    candidates: dict[int, list[Candidate]] = defaultdict(list)
    known = Candidate.objects.filter(release__in=releases).select_related("build", "product")
    for candidate in known.order_by("product__name"):
        candidates[candidate.release_id].append(candidate)
    rows = rows_of({release.pk: gates.digests_of(candidates[release.pk]) for release in releases})
    defects = gates.defects_of(releases)
    made = [_line(one, candidates[one.pk], rows[one.pk], defects[one.pk], user) for one in releases]
    order = ("blocked", "waiting", "open")
    kept = [line for line in made if line.standing.total or line.release.kind == ReleaseKind.GROUPED]
    return sorted(kept, key=lambda line: (not line.left, order.index(line.standing.state.value)))


def _line(
    release: Release, candidates: list[Candidate], rows: list[Row], defects: list[rules.Defect], user: User
) -> Line:
    builds = ", ".join(str(one.build) for one in candidates if one.build)
    standing = rules.staging(
        scenarios=[row.scenario.pk for row in rows],
        required=release.kind == ReleaseKind.GROUPED,
        build=builds if candidates and all(one.build for one in candidates) else "",
        outcomes=gates.outcomes(result for row in rows for result in row.here),
        defects=defects,
        tested_before=frozenset(row.scenario.pk for row in rows if row.all),
        since=max((one.set_at for one in candidates), default=None),
    )
    return Line(
        release=release,
        standing=standing,
        builds=builds,
        left=sum(row.left_for(user) for row in rows) if builds else 0,
    )
