"""What this room shows on the release page."""

from collections.abc import Sequence
from datetime import datetime

from core.models import User
from releases.choices import ReleaseStatus
from releases.models import Release
from releases.panels import Panel
from validation import gates
from validation.bench import grouped, rows
from validation.choices import FindingVerb


def release(release: Release, user: User, now: datetime) -> Sequence[Panel]:
    candidates = list(gates.candidates_of(release))
    builds = ", ".join(str(one.build) for one in candidates if one.build)
    standing = gates.ask(release)
    context = {
        "finished": ReleaseStatus(release.status).is_finished,
        "groups": grouped(rows(release, gates.digests_of(candidates))),
        "standing": standing,
        "builds": builds,
        "defects": [one for one in gates.defects(release) if one.verb != FindingVerb.FIXED],
    }
    note = f"{standing.passed} of {standing.total} passed{f' on {builds}' if builds else ''}" if standing.total else ""
    return [Panel(template="validation/_panel.html", context=context, notes={"validation": note} if note else {})]
