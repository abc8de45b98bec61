"""This room's gate: what testers found on the candidate build."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.urls import reverse

from releases.choices import ReleaseKind
from releases.gates import Gate, OnClose, Question
from releases.models import Candidate, Release
from validation import rules
from validation.choices import FindingVerb, ResultStatus, Severity
from validation.models import FindingEvent, Result


def staging(question: Question) -> list[Gate]:
    """Every scenario passed on the builds that are candidates (or pinned), and no blocking finding is open."""
    standing = ask(question.release, question.digests)
    return [
        Gate(
            key="staging",
            name="Staging",
            state=standing.state,
            sentence=standing.sentence,
            who=standing.who,
            since=standing.since,
            url=reverse("workspace", args=[question.release.pk]),
            act="View" if standing.state == "open" else "Test",
            on_close=OnClose.PAUSE,
        )
    ]


def ask(release: Release, digests: dict[int, str] | None = None) -> rules.Standing:
    """Where tests stand on `digests` (product id → build digest), by default on the candidates of now. Five queries."""
    candidates = list(candidates_of(release))
    wanted = digests if digests is not None else digests_of(candidates)
    complete = bool(candidates) and all(candidate.product_id in wanted for candidate in candidates)
    scenarios = list(release.scenarios.current().values_list("pk", flat=True))
    everything = Result.objects.filter(run__release=release)
    return rules.staging(
        scenarios=scenarios,
        required=release.kind == ReleaseKind.GROUPED,
        build=", ".join(str(candidate.build) for candidate in candidates) if complete else "",
        outcomes=outcomes(everything.on(wanted).newest()),
        defects=defects(release),
        tested_before=frozenset(everything.values_list("scenario_id", flat=True)),
        since=max((candidate.set_at for candidate in candidates), default=None),
    )


def candidates_of(release: Release) -> QuerySet[Candidate]:
    return release.candidates.select_related("build", "product").order_by("product__name")


def digests_of(candidates: list[Candidate]) -> dict[int, str]:
    """Product id → digest of those candidates that have a build."""
    return {candidate.product_id: candidate.build.digest for candidate in candidates if candidate.build}


def outcomes(newest: Iterable[Result]) -> list[rules.Outcome]:
    return [
        rules.Outcome(
            scenario=result.scenario_id,
            title=result.scenario.title,
            tester=str(result.run.tester),
            status=ResultStatus(result.status),
            at=result.at,
        )
        for result in newest
    ]


def defects(release: Release) -> list[rules.Defect]:
    """Each finding of the release by its newest event, oldest finding first."""
    return defects_of([release])[release.pk]


def defects_of(releases: list[Release]) -> dict[int, list[rules.Defect]]:
    """The same for many releases, by id. One query."""
    events = (
        FindingEvent.objects.filter(finding__release__in=releases)
        .order_by("finding_id", "-at", "-id")
        .distinct("finding_id")
        .select_related("finding", "by")
    )
    found: dict[int, list[rules.Defect]] = {release.pk: [] for release in releases}
    for event in events:
        found[event.finding.release_id].append(
            rules.Defect(
                title=event.finding.title,
                severity=Severity(event.finding.severity),
                verb=FindingVerb(event.verb),
                who=str(event.by),
                since=event.at,
            )
        )
    return found
