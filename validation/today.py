"""What this tester has left to try."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count
from django.urls import reverse

from core.choices import RoleKind
from core.models import Product, User
from core.today import Work
from releases.models import Candidate, Release
from validation import gates
from validation.bench import Row, rows_of
from validation.choices import ScenarioState


def work(user: User, now: datetime) -> Sequence[Work]:
    """One row per release of products in which this person tests, while scenarios are left for them. Four queries."""
    tests = Product.objects.filter(roles__user=user, roles__kind=RoleKind.TESTER)
    releases = Release.objects.unfinished().filter(product__in=tests, scenarios__isnull=False).order_by("pk").distinct()
    counted = {one.pk: one for one in Release.objects.filter(pk__in=releases.values("pk")).annotate(Count("features"))}
    candidates: dict[int, list[Candidate]] = defaultdict(list)
    for one in (
        Candidate.objects.filter(release__in=counted).select_related("build", "product").order_by("product__name")
    ):
        candidates[one.release_id].append(one)
    benches = rows_of({pk: gates.digests_of(candidates[pk]) for pk in counted})
    found = [_row(release, candidates[pk], benches[pk], user) for pk, release in counted.items()]
    return [row for row in found if row]


def _row(release: Release, candidates: list[Candidate], bench: list[Row], user: User) -> Work | None:
    builds = ", ".join(str(one.build) for one in candidates if one.build)
    left = [row for row in bench if row.left_for(user)]
    if not builds or not left:
        return None
    again = sum(row.state == ScenarioState.RETEST for row in left)
    count = f"{len(left)} scenario{'s' if len(left) > 1 else ''} left on {builds}"
    features = release.features__count  # type: ignore[attr-defined]  # annotated above
    return Work(
        group="testing",
        title=f"Test {release}",
        why=f"{count}{f', {again} of them to re-test' if again else ''}.",
        url=reverse("workspace", args=[release.pk]),
        act="Test",
        tone="wait",
        icon="waiting",
        word="waiting",
        meta=f"frees {features} feature{'s' if features != 1 else ''}",
        since=max((one.set_at for one in candidates), default=None),
        frees=features,
        sets_free=str(release),
        then=lambda: "sign-off",
        product=release.product_id,
        count=len(left),
    )
