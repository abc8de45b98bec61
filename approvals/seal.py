"""What this room adds to the seal: the checklist as it is written (not its ticks) and the policy that asks."""

from approvals.models import Policy
from releases.models import Release
from releases.seal import Part


def checklist(release: Release) -> Part:
    rows = release.checklist.select_related("team").order_by("order", "id")
    content = [
        {"text": row.text, "team": row.team.name, **({"check": row.check_kind} if row.check_kind else {})}
        for row in rows
    ]
    return Part(name="checklist", title="Checklist", content=content)


def policy(release: Release) -> Part:
    """The stages that have to sign, as they were when the release was submitted: a newer version changes nothing."""
    found = Policy.objects.of(release)
    if found is None:
        return Part(name="policy", title="Policy", content={"version": None, "stages": []})
    stages = [
        {
            "stage": stage.name,
            "team": stage.team.name,
            "signatures": stage.quorum,
            "order": stage.order,
            "covers": sorted(stage.covers) or ["everything"],
        }
        for stage in found.stages.select_related("team")
    ]
    return Part(name="policy", title="Policy", content={"version": found.version, "stages": stages})
