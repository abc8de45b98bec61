"""How risky a release is, and why. `settings.RISKS` names one function per room, each with the reasons it knows of."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from core.models import AuditEntry
from releases import rules
from releases.choices import CheckKind
from releases.models import Check, Release
from releases.rules import Reason, Risk

ReasonFunction = Callable[[Release, datetime], Sequence[Reason]]


def assess(release: Release, now: datetime) -> Risk:
    """The sum of what every room knows, the heaviest reason first."""
    functions: list[ReasonFunction] = [import_string(path) for path in settings.RISKS]
    return rules.assess([reason for function in functions for reason in function(release, now)])


def reasons(release: Release, now: datetime) -> Sequence[Reason]:
    """What this room knows: how much ships at once, what guards it, what CI says of the builds. Four queries."""
    candidates = list(release.candidates.select_related("build").order_by("product__name"))
    builds = [one.build for one in candidates if one.build]
    newest: dict[tuple[int, str], str] = {}
    for check in Check.objects.filter(build__in=builds).order_by("reported_at", "id"):
        newest[check.build_id, check.kind] = check.status
    features = list(release.features.prefetch_related("flags"))
    replaced = AuditEntry.objects.filter(stream=release.subject, action="candidate_replaced").count()
    return rules.ship_reasons(
        rules.Shipment(
            features=len(features),
            products=len(candidates),
            bare=tuple(feature.name for feature in features if not feature.flags.all()),
            builds=tuple(
                rules.Checked(
                    version=build.version, checks={kind: newest.get((build.pk, kind), "") for kind in CheckKind}
                )
                for build in builds
            ),
            replaced=replaced,
            way_back=bool(release.way_back.strip()),
        )
    )
