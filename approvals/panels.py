"""What this room shows on the release page: the checklist, and who signed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from approvals import checklist
from approvals.actions.reminding import waiting
from approvals.case import Case
from approvals.models import Stage
from approvals.people import rows
from approvals.since import Changed, since
from core.choices import RoleKind
from core.models import User
from releases.choices import ReleaseStatus
from releases.models import Release
from releases.panels import Panel, Press


def release(release: Release, user: User, now: datetime) -> Sequence[Panel]:
    case, items = Case(release), checklist.items(release)
    done = sum(item.done for item in items)
    mine = set(user.teams.filter(product=release.product_id).values_list("name", flat=True))
    granted = sum(one.is_granted for one in case.standings)
    finished = ReleaseStatus(release.status).is_finished
    reminds = not finished and user.has_role(release.product, RoleKind.RELEASE_MANAGER)
    late = {f"signoff:{request.stage_id}" for request, _ in waiting(case)} if reminds else set()
    signoff: dict[str, Any] = {
        "stages": [_stage(case, stage, user, finished) for stage in case.stages],
        "policy": case.policy,
        "granted": granted,
        "may_ask": not finished and _may_ask(case, user),
        "again": bool(case.requests),
        "digest": case.digest,
    }
    notes = {"signoff": f"{granted} of {len(case.stages)} signed"} if case.requests else {}
    may_write = release.is_changeable and user.has_role(release.product, RoleKind.RELEASE_MANAGER)
    listed = {
        "items": items,
        "done": done,
        "mine": set() if finished else mine,
        "may_write": may_write,
        "finished": finished,
    }
    return [
        Panel(template="approvals/_checklist.html", context=listed),
        Panel(
            template="approvals/_signoff.html",
            context=signoff,
            aside=True,
            notes=notes,
            presses=dict.fromkeys(late, Press("Remind", reverse("signoff-remind", args=[release.pk]), "bell")),
        ),
    ]


def _stage(case: Case, stage: Stage, user: User, finished: bool) -> dict[str, Any]:
    return {
        "stage": stage,
        "request": case.requests.get(stage.pk),
        "rows": rows(case, stage, user),
        "changed": [] if finished else _changed(case, stage),
    }


def _changed(case: Case, stage: Stage) -> list[Changed]:
    """All that is not what it was, where a signature of this stage fell: since the newest of them."""
    fallen = {one.signed.id for one in case.standing(stage).void}
    newest = next((one for one in reversed(case.decisions) if one.pk in fallen), None)
    return since(case.parts, newest.seal.parts, stage.covers).full if newest else []


def _may_ask(case: Case, user: User) -> bool:
    """Whether asking would reach somebody: a stage whose turn it is was never asked, or about something else."""
    if not case.stages or not user.has_role(case.release.product, RoleKind.RELEASE_MANAGER):
        return False
    if not case.candidates or any(one.build is None for one in case.candidates):
        return False
    open_stages = [stage for stage in case.stages if not case.standing(stage).is_granted]
    lowest = min((stage.order for stage in open_stages), default=None)
    due = [case.requests.get(stage.pk) for stage in open_stages if stage.order == lowest]
    return any(asked is None or asked.seal is None or asked.seal.digest != case.digest for asked in due)
