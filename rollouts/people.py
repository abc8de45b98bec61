"""Who may do what with a rollout, and who is told."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.functional import lazy

from approvals.choices import Verdict
from approvals.models import Decision
from core import notify
from core.access import require
from core.choices import RoleKind
from core.errors import Forbidden
from core.models import User
from core.weights import as_percent
from core.words import moment
from releases.models import Release
from rollouts.models import Rollout

STARTS = (RoleKind.RELEASE_MANAGER, RoleKind.OWNER)
"""Who may start, resume, press go without a team, or end another's rollback window."""
STOPS = (RoleKind.APPROVER, RoleKind.RELEASE_MANAGER, RoleKind.ENGINEER, RoleKind.OWNER)
"""Who may hold and roll back: everybody with a part in it, in any product of the release."""

WIDELY = {"rollout_rolled_back", "rollout_paused"}
"""What also those hear who signed and who build."""

log = logging.getLogger(__name__)


def may_start(user: User, release: Release) -> bool:
    return user.has_role(release.product, *STARTS)


def may_stop(user: User, release: Release) -> bool:
    """Generous: getting back must not wait for the one person who may."""
    covered = Q(product=release.product_id) | Q(product__in=release.candidates.values("product"))
    return user.is_active and user.roles.filter(covered, kind__in=STOPS).exists()


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


def widely_concerned(release: Release) -> list[User]:
    """Of a rollback or a pause also those who signed it, whether or not that still stands, and the engineers."""
    signed = Decision.objects.filter(request__release=release, verdict__in=[one for one in Verdict if one.grants])
    products = [release.product_id, *release.candidates.values_list("product_id", flat=True)]
    builds = Q(roles__product__in=products, roles__kind=RoleKind.ENGINEER)
    more = User.objects.filter(Q(pk__in=signed.values("person")) | builds, is_active=True).distinct()
    return list({one.pk: one for one in (*concerned(release), *more.order_by("pk"))}.values())


def account(rollout: Rollout, weight: int, why: Sequence[str]) -> list[tuple[str, object]]:
    """What a mail answers: what, where, how much, since when, why. Times are put into words in the reader's zone."""
    version = rollout.pinned["candidate"]["version"]
    steps = len(rollout.pinned["steps"])
    reached = f"step {rollout.step + 1} of {steps}" if rollout.step >= 0 else f"before the first of {steps} steps"
    return [
        ("What", f"{rollout.release}, version {version}" if version else str(rollout.release)),
        ("Where", str(rollout.environment)),
        ("How much", f"{as_percent(weight)} of users, {reached}"),
        ("Since when", _since(rollout.started_at, rollout.step_since, rollout.ended_at)),
        ("Why", " ".join(why)),
    ]


def _since_in_words(started: datetime, step_since: datetime, ended: datetime | None) -> str:
    until = f", until {moment(ended)}" if ended else ""
    return f"started {moment(started)}, at this weight since {moment(step_since)}{until}"


_since = lazy(_since_in_words, str)


def tell(rollout: Rollout, kind: str, subject: str, context: Mapping[str, Any]) -> list[str]:
    """Write a message to everybody concerned, in the caller's transaction; returns their names.

    Whatever is wrong with a message must never stop what it tells about: it is logged, and nobody is told.
    """
    people = widely_concerned(rollout.release) if kind in WIDELY else concerned(rollout.release)
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
