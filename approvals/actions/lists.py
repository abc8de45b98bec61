"""The checklist: writing it, and ticking it."""

import secrets

from django.db import transaction

from approvals.actions.submitting import lock
from approvals.models import ChecklistItem, Tick, TickEvidence
from core import audit
from core.access import require
from core.audit import text_hash
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import Team, User
from releases.choices import CheckKind, ReleaseStatus
from releases.models import Release


@transaction.atomic
def add_item(*, release: Release, text: str, team: Team, actor: User, check_kind: str = "") -> ChecklistItem:
    """Add an item; with `check_kind` it ticks itself. What the checklist demands is sealed, so this voids the
    signatures that cover it. Raises Refused naming the field.
    """
    release = _writable(release)
    require(actor, release.product, RoleKind.RELEASE_MANAGER)
    text = text.strip()
    if not text or len(text) > 200:
        raise Refused("An item says in at most 200 characters what is to be confirmed.", field="text")
    if team.product_id != release.product_id:
        raise Refused(f"That is not a team of {release.product}.", field="team")
    if check_kind and check_kind not in CheckKind.values:
        raise Refused("CI does not report a check of that kind.", field="check_kind")
    if release.checklist.filter(text=text).exists():
        raise Conflict("That is on the checklist already.", field="text")
    item = ChecklistItem.objects.create(
        release=release, text=text, team=team, check_kind=check_kind, order=release.checklist.count()
    )
    _record(release, actor, "checklist_item_added", item, text)
    return item


@transaction.atomic
def remove_item(*, item: ChecklistItem, actor: User) -> None:
    """Take an item off the checklist. Raises Conflict once somebody ticked it: what was confirmed stays readable."""
    release = _writable(item.release)
    require(actor, release.product, RoleKind.RELEASE_MANAGER)
    if item.ticks.exists():
        raise Conflict("Somebody ticked this already; it stays.")
    _record(release, actor, "checklist_item_removed", item, item.text)
    item.delete()


@transaction.atomic
def tick_item(*, item: ChecklistItem, actor: User, done: bool = True, evidence: str = "") -> Tick:
    """Confirm an item, saying where to see it, or take that back. Raises Forbidden for who is not in its team, Refused
    for an item that ticks itself and for a tick without evidence.
    """
    release = lock(item.release)
    item = ChecklistItem.objects.select_related("team").get(pk=item.pk)
    evidence = evidence.strip()
    if item.check_kind:
        raise Refused(f"This item ticks itself when CI reports “{item.get_check_kind_display()}”.")
    require(actor, release.product, *(kind for kind in RoleKind if kind != RoleKind.VIEWER))
    if not item.team.members.filter(pk=actor.pk).exists():
        raise Forbidden(f"Only {item.team} ticks this item.")
    if done and not evidence:
        raise Refused("Say where this can be seen: an address or a sentence.", field="evidence")
    salt = secrets.token_hex(16)
    tick = Tick.objects.create(
        item=item, person=actor, done=done, evidence_hash=text_hash(salt, evidence) if evidence else ""
    )
    if evidence:
        TickEvidence.objects.create(tick=tick, salt=salt, text=evidence)
    _record(release, actor, "item_ticked" if done else "item_unticked", item, item.text, evidence)
    return tick


def _writable(release: Release) -> Release:
    release = lock(release)
    if release.status in {ReleaseStatus.ROLLOUT, ReleaseStatus.WATCH}:
        raise Conflict("The checklist cannot change under a live rollout.")
    return release


def _record(release: Release, actor: User, action: str, item: ChecklistItem, text: str, evidence: str = "") -> None:
    audit.record(
        stream=release.subject,
        actor=actor,
        action=action,
        subject=f"item:{item.pk}",
        data={"item_id": item.pk},
        texts={"item": text, "evidence": evidence},
    )
