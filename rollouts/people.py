"""Who may do what with a rollout, and who is told."""

import logging
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from core import notify
from core.access import require
from core.choices import RoleKind
from core.errors import Forbidden
from core.models import User
from releases.models import Release
from rollouts.models import Rollout

STARTS = (RoleKind.RELEASE_MANAGER, RoleKind.OWNER)
"""Who may start, resume, press go without a team, or end another's rollback window."""
STOPS = (RoleKind.APPROVER, RoleKind.RELEASE_MANAGER, RoleKind.ENGINEER, RoleKind.OWNER)
"""Who may hold and roll back: everybody with a part in it, in any product of the release."""

log = logging.getLogger(__name__)


def may_start(user: User, release: Release) -> bool:
    return user.has_role(release.product, *STARTS)


def may_stop(user: User, release: Release) -> bool:
    """Generous: getting back must not wait for the one person who may."""
    covered = [release.product_id, *release.candidates.values_list("product_id", flat=True)]
    return user.is_active and user.roles.filter(product__in=covered, kind__in=STOPS).exists()


def require_starter(user: User | None, release: Release) -> None:
    """Raises Forbidden. Nobody as user is Slipway itself."""
    if user is not None:
        require(user, release.product, *STARTS)


def require_stopper(user: User | None, release: Release) -> None:
    """Raises Forbidden. Nobody as user is Slipway itself."""
    if user is not None and not may_stop(user, release):
        names = ", ".join(kind.label.lower() for kind in STOPS)
        raise Forbidden(f"Holding and rolling back is for {names} of {release.product}.")


def concerned(release: Release) -> list[User]:
    """Whoever is told: its manager, who opened it, the features' owners, and the product's managers and owners."""
    managing = Q(roles__product=release.product_id, roles__kind__in=STARTS)
    own = Q(pk__in=[release.manager_id, release.created_by_id])
    owners = Q(pk__in=release.features.values("owner"))
    return list(User.objects.filter(managing | own | owners, is_active=True).distinct().order_by("pk"))


def tell(rollout: Rollout, kind: str, subject: str, context: Mapping[str, Any]) -> list[str]:
    """Write a message to everybody concerned, in the caller's transaction; returns their names.

    Whatever is wrong with a message must never stop what it tells about: it is logged, and nobody is told.
    """
    people = concerned(rollout.release)
    try:
        with transaction.atomic():
            notify.tell(
                recipients=people,
                kind=kind,
                subject_key=rollout.release.subject,
                dedupe=f"{rollout.subject}:{kind}:{rollout.version}",
                subject=subject,
                context={
                    "rollout": rollout,
                    "release": rollout.release,
                    "url": reverse("rollout", args=[rollout.pk]),
                    **context,
                },
            )
    except Exception:
        log.exception("telling about %s of %s", kind, rollout)
        return []
    return [str(person) for person in people]
