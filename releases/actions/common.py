"""What the actions of this room share: locking, and telling whoever watches."""

from collections.abc import Iterable

from django.db import models

from core import events, locks
from core.errors import Conflict
from core.models import Product
from releases.choices import ReleaseStatus
from releases.models import Release


def locked(release: Release) -> Release:
    """The release as it is now, its row held until the transaction ends. Raises OperationalError after 2 s."""
    locks.bounded()
    rows = Release.objects.select_for_update(of=("self",)).select_related("product", "manager")
    found = rows.filter(pk=release.pk).first()
    if found is None:
        raise Conflict("This release is gone.")
    return found


def changeable(release: Release, what: str) -> Release:
    """The locked release, if `what` (“scope”) may still change. Raises Conflict in a live rollout and after the end."""
    release = locked(release)
    if release.status in {ReleaseStatus.ROLLOUT, ReleaseStatus.WATCH}:
        raise Conflict(f"The {what} cannot change under a live rollout.")
    if ReleaseStatus(release.status).is_finished:
        raise Conflict(f"{release} is {release.get_status_display().lower()}; its {what} no longer changes.")
    return release


def lock_affected(releases: models.QuerySet[Release]) -> list[str]:
    """Hold all these unfinished releases (whose gates are about to change), in the order of their ids; their topics."""
    locks.bounded()
    ids = releases.order_by().values_list("pk")
    rows = Release.objects.unfinished().filter(pk__in=ids).order_by("pk").select_for_update(of=("self",))
    return [release.subject for release in rows]


def covering(product: Product) -> models.QuerySet[Release]:
    """The releases that cover `product`."""
    return Release.objects.filter(candidates__product=product)


def announce(topics: Iterable[str], name: str) -> None:
    for topic in topics:
        events.announce(topic, name)
