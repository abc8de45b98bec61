"""Whose work a release was, by its record, which nobody can rewrite: handing a feature over or swapping a candidate
makes nobody forget who made it (P5).
"""

from django.db.models import Q

from core.models import AuditEntry
from releases.models import Build, Release

_OWNED = ("feature_added", "feature_changed")
_CHOSE = ("candidate_set", "candidate_replaced")
_ASKED = ("signoff_asked", "signoff_asked_again")


def past_work(release: Release) -> dict[int, str]:
    """People → what of the release is or once was theirs, in words that follow “you”. Three queries."""
    found: dict[int, str] = {}
    builds: set[int] = set()
    rows = AuditEntry.objects.filter(stream=release.subject, action__in=(*_OWNED, *_CHOSE, *_ASKED))
    for action, actor, data in rows.order_by("seq").values_list("action", "actor_id", "data"):
        if action in _OWNED:
            owners = {data.get("owner"), data.get("owner_before")} - {None}
            found |= dict.fromkeys(owners, "owned one of its features")
        elif action in _CHOSE:
            builds.add(data["build"])
            found[actor] = "chose a candidate of it"
        else:
            found[actor] = "asked for this sign-off"
    return found | _built(builds)


def _built(builds: set[int]) -> dict[int, str]:
    """Who wrote them, and who registered them: a pipeline may name anybody as the author."""
    subjects = Q(subject__in=[f"build:{pk}" for pk in builds])
    registered = AuditEntry.objects.filter(subjects, action="build_registered", actor__isnull=False)
    found = dict.fromkeys(registered.values_list("actor_id", flat=True), "registered a candidate of it")
    authors = Build.objects.filter(pk__in=builds, author__isnull=False).values_list("author_id", "version")
    return found | {author: f"built {version}" for author, version in authors if author}
