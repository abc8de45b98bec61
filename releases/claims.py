"""What this room answers for flags that a release claims: `settings.FLAG_CLAIMS` names it."""

from core import locks
from releases.choices import ReleaseStatus
from releases.models import Release


def hold(release_id: int) -> None:
    """Lock the release's row: its gates and its seal read what a claimed flag is. One that is gone is nobody's."""
    locks.bounded()
    list(Release.objects.select_for_update(of=("self",)).filter(pk=release_id).values_list("pk"))


def is_under_way(release_id: int) -> bool:
    """Whether what was signed is being carried out: what is written now was signed by nobody."""
    live = [ReleaseStatus.ROLLOUT, ReleaseStatus.WATCH]
    return Release.objects.filter(pk=release_id, status__in=live).exists()
