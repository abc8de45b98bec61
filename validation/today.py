"""What this tester has left to try."""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from core.choices import RoleKind
from core.models import Product, User
from core.today import Work
from releases.models import Release
from validation import gates
from validation.bench import rows
from validation.choices import ScenarioState


def work(user: User, now: datetime) -> Sequence[Work]:
    """One row per release of products in which this person tests, while scenarios are left for them."""
    tests = Product.objects.filter(roles__user=user, roles__kind=RoleKind.TESTER)
    releases = Release.objects.unfinished().filter(product__in=tests, scenarios__isnull=False).distinct()
    found = []
    for release in releases.select_related("product"):
        candidates = list(gates.candidates_of(release))
        builds = ", ".join(str(one.build) for one in candidates if one.build)
        left = [row for row in rows(release, gates.digests_of(candidates)) if row.left_for(user)]
        if not builds or not left:
            continue
        again = sum(row.state == ScenarioState.RETEST for row in left)
        count = f"{len(left)} scenario{'s' if len(left) > 1 else ''} left on {builds}"
        found.append(
            Work(
                group="testing",
                title=f"Test {release}",
                why=f"{count}{f', {again} of them to re-test' if again else ''}.",
                url=reverse("workspace", args=[release.pk]),
                act="Test",
                tone="wait",
                icon="waiting",
                word="waiting",
                meta=str(release.product),
                since=max((one.set_at for one in candidates), default=None),
                frees=1,
            )
        )
    return found
