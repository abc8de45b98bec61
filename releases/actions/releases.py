"""Opening a release, saying what it is, choosing its builds, and moving it along."""

from collections.abc import Iterable

from django.db import transaction

from core import audit, clock
from core.access import require
from core.choices import RoleKind
from core.errors import Conflict, Refused
from core.models import Product, User
from core.rows import insert
from flags import actions as flag_actions
from releases.actions.common import changeable, locked
from releases.choices import ReleaseKind, ReleaseStatus
from releases.models import Build, Candidate, Release

MANAGERS = (RoleKind.RELEASE_MANAGER, RoleKind.OWNER)

_BEFORE = {ReleaseStatus.DRAFT, ReleaseStatus.VALIDATION, ReleaseStatus.SIGNOFF}
_NEXT: dict[ReleaseStatus, set[ReleaseStatus]] = {
    **{status: (_BEFORE | {ReleaseStatus.ROLLOUT, ReleaseStatus.CANCELLED}) - {status} for status in _BEFORE},
    ReleaseStatus.ROLLOUT: {ReleaseStatus.WATCH, ReleaseStatus.COMPLETED, ReleaseStatus.ROLLED_BACK},
    ReleaseStatus.WATCH: {ReleaseStatus.COMPLETED, ReleaseStatus.ROLLED_BACK},
}


@transaction.atomic
def create_release(
    *,
    product: Product,
    name: str,
    actor: User,
    kind: str = ReleaseKind.GROUPED,
    summary: str = "",
    way_back: str = "",
    products: Iterable[Product] = (),
    manager: User | None = None,
) -> Release:
    """Open a release governed by `product`, over it and `products`. Raises Forbidden, Refused, Conflict."""
    covered = {one.pk: one for one in (product, *products)}
    for one in covered.values():
        require(actor, one, *MANAGERS)
    manager = manager or actor
    if not manager.has_role(product, *MANAGERS):
        raise Refused(f"{manager} does not manage releases of {product}.", field="manager")
    release = Release(
        product=product,
        name=name.strip(),
        kind=kind,
        summary=summary.strip(),
        way_back=way_back.strip(),
        manager=manager,
        created_by=actor,
    )
    insert(release, taken=f"{product} has a release of this name.", field="name")
    Candidate.objects.bulk_create([Candidate(release=release, product=one) for one in covered.values()])
    audit.record(
        stream=release.subject,
        actor=actor,
        action="release_created",
        subject=release.subject,
        data={"product": product.pk, "products": sorted(covered), "kind": release.kind},
        texts={"name": release.name, "summary": release.summary, "way_back": release.way_back},
    )
    return release


@transaction.atomic
def change_release(
    *, release: Release, actor: User, name: str | None = None, summary: str | None = None, way_back: str | None = None
) -> Release:
    """Change its words; None leaves one as it is. Raises Forbidden, Refused, Conflict."""
    release = changeable(release, "scope")
    require(actor, release.product, *MANAGERS)
    given = {"name": name, "summary": summary, "way_back": way_back}
    texts = {field: text.strip() for field, text in given.items() if text is not None}
    changed = {field: text for field, text in texts.items() if getattr(release, field) != text}
    if not changed:
        return release
    for field, text in changed.items():
        setattr(release, field, text)
    insert(release, taken=f"{release.product} has a release of this name.", field="name")
    audit.record(
        stream=release.subject,
        actor=actor,
        action="release_changed",
        subject=release.subject,
        data={"fields": sorted(changed)},
        texts=changed,
    )
    return release


@transaction.atomic
def set_candidate(*, release: Release, build: Build, actor: User) -> Candidate:
    """Make `build` what the release ships of its product. The same build again changes nothing.

    Raises Forbidden, Refused (a product it does not cover), Conflict (under a live rollout, or after its end).
    """
    release = changeable(release, "candidate")
    require(actor, build.product, RoleKind.ENGINEER, *MANAGERS)
    row = Candidate.objects.filter(release=release, product=build.product_id).select_related("build").first()
    if row is None:
        raise Refused(f"{release} does not cover {build.product}.", field="build")
    if row.build_id == build.pk:
        return row
    before = row.build
    row.build, row.set_by = build, actor
    row.save()
    audit.record(
        stream=release.subject,
        actor=actor,
        action="candidate_replaced" if before else "candidate_set",
        subject=release.subject,
        data={
            "product": build.product_id,
            "build": build.pk,
            "version": build.version,
            "digest": build.digest,
            "before": before.version if before else None,
        },
    )
    if release.status == ReleaseStatus.DRAFT:
        set_status(release=release, status=ReleaseStatus.VALIDATION, actor=actor)
    return row


@transaction.atomic
def set_status(*, release: Release, status: str, actor: User | None) -> Release:
    """Move the release to `status`; the same again changes nothing. Called by other rooms within their own transaction,
    after they asked who may: `actor` None is Slipway itself. Raises Conflict for a way that does not exist.
    """
    current, wanted = locked(release), ReleaseStatus(status)
    before = ReleaseStatus(current.status)
    if before != wanted:
        if wanted not in _NEXT.get(before, set()):
            raise Conflict(f"{current} is in “{before.label}”, from where no way leads to “{wanted.label}”.")
        current.status = wanted
        current.finished_at = clock.now() if wanted.is_finished else None
        current.save(update_fields=["status", "finished_at"])
        audit.record(
            stream=current.subject,
            actor=actor,
            action=f"release_{wanted}",
            subject=current.subject,
            data={"before": before.value},
        )
    release.status, release.finished_at = current.status, current.finished_at
    return current


@transaction.atomic
def cancel_release(*, release: Release, reason: str, actor: User) -> Release:
    """End a release that never went out, and let its flags go. Raises Forbidden, Refused, Conflict."""
    release = changeable(release, "plan")
    require(actor, release.product, *MANAGERS)
    if not reason.strip():
        raise Refused("Say why.", field="reason")
    flag_actions.unclaim(holder=release.subject, actor=actor)
    audit.record(
        stream=release.subject,
        actor=actor,
        action="release_given_up",
        subject=release.subject,
        texts={"reason": reason.strip()},
    )
    return set_status(release=release, status=ReleaseStatus.CANCELLED, actor=actor)
