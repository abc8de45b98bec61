"""What a release will let users notice, and the flags that guard it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from core import audit
from core.access import require
from core.errors import Conflict, Refused
from core.models import Environment, User
from core.rows import insert
from flags import actions as flag_actions
from flags import versions
from flags.models import Flag, FlagState
from releases.actions.common import changeable
from releases.actions.releases import MANAGERS
from releases.choices import LinkKind, ReleaseStatus
from releases.models import Feature, FeatureLink, Release


@transaction.atomic
def add_feature(
    *,
    release: Release,
    name: str,
    owner: User,
    actor: User,
    description: str = "",
    flags: Iterable[Flag] = (),
    new_flag: str = "",
    no_flag_reason: str = "",
) -> Feature:
    """Put a feature into the scope and claim its flags, with `new_flag` (a key) also one made for it.

    Raises Forbidden, Refused, Conflict (name or flag taken).
    """
    release = changeable(release, "scope")
    require(actor, release.product, *MANAGERS)
    _check_owner(release, owner)
    last = release.features.aggregate(Max("order"))["order__max"] or 0
    feature = Feature(
        release=release,
        name=name.strip(),
        description=description.strip(),
        owner=owner,
        no_flag_reason=no_flag_reason.strip(),
        order=last + 1,
    )
    insert(feature, taken=f"{release} has a feature of this name.", field="name")
    _hold_flags(release)
    chosen = [*flags, *_made(release, new_flag, feature, actor)]
    _claim(release, chosen, actor)
    feature.flags.set(chosen)
    _record(release, actor, "feature_added", feature, data={"flags": _ids(chosen), "owner": owner.pk})
    return feature


@transaction.atomic
def change_feature(
    *,
    feature: Feature,
    actor: User,
    name: str | None = None,
    description: str | None = None,
    owner: User | None = None,
    flags: Iterable[Flag] | None = None,
    new_flag: str = "",
    no_flag_reason: str | None = None,
) -> Feature:
    """Change what is given; None leaves it. Flags that leave are free; `new_flag` makes one of this key for it.

    Raises Forbidden, Refused, Conflict.
    """
    release = changeable(feature.release, "scope")
    require(actor, release.product, *MANAGERS)
    feature = _fresh(feature)
    before = feature.owner_id
    if owner is not None:
        _check_owner(release, owner)
        feature.owner = owner
    for field, text in {"name": name, "description": description, "no_flag_reason": no_flag_reason}.items():
        if text is not None:
            setattr(feature, field, text.strip())
    insert(feature, taken=f"{release} has a feature of this name.", field="name")
    if flags is not None or new_flag:
        _hold_flags(release)
        kept = feature.flags.all() if flags is None else flags
        chosen = [*kept, *_made(release, new_flag, feature, actor)]
        _claim(release, chosen, actor)
        feature.flags.set(chosen)
        _let_go(release, actor)
    data = {"flags": _ids(feature.flags.all()), "owner": feature.owner_id, "owner_before": before}
    _record(release, actor, "feature_changed", feature, data=data)
    return feature


@transaction.atomic
def remove_feature(*, feature: Feature, actor: User) -> None:
    """Take it out of the scope; its flags are free again. Raises Forbidden, Conflict."""
    release = changeable(feature.release, "scope")
    require(actor, release.product, *MANAGERS)
    feature = _fresh(feature)
    feature_id, flags = feature.pk, _ids(feature.flags.all())
    feature.delete()
    feature.pk = feature_id
    _let_go(release, actor)
    _record(release, actor, "feature_removed", feature, data={"flags": flags})


@transaction.atomic
def link_features(*, feature: Feature, other: Feature, kind: str, actor: User) -> FeatureLink:
    """Say that `feature` ships together with, or after, `other`. Raises Forbidden, Refused, Conflict."""
    release = changeable(feature.release, "scope")
    require(actor, release.product, *MANAGERS)
    if feature.pk == other.pk:
        raise Refused("A feature cannot depend on itself.", field="other")
    if other.release_id != release.pk:
        raise Refused(f"{other} is not in {release}.", field="other")
    if kind not in LinkKind.values:
        raise Refused("It is either together or after.", field="kind")
    link, made = FeatureLink.objects.get_or_create(feature=_fresh(feature), other=_fresh(other), kind=kind)
    if made:
        _record(release, actor, "features_linked", feature, data={"other": other.pk, "kind": kind})
    return link


@transaction.atomic
def unlink_features(*, link: FeatureLink, actor: User) -> None:
    """Take a dependency away. Raises Forbidden, Conflict."""
    release = changeable(link.feature.release, "scope")
    require(actor, release.product, *MANAGERS)
    deleted, _ = FeatureLink.objects.filter(pk=link.pk).delete()
    if deleted:
        _record(release, actor, "features_unlinked", link.feature, data={"other": link.other_id, "kind": link.kind})


def _hold_flags(release: Release) -> None:
    """The flag sets of all its products at once: one after the other, two releases could wait for each other."""
    versions.lock(Environment.objects.filter(product__candidates__release=release))


def _made(release: Release, key: str, feature: Feature, actor: User) -> list[Flag]:
    """A flag of the governing product for this feature, which nobody has yet; none without a key."""
    if not key.strip():
        return []
    try:
        product, owner = release.product, feature.owner
        return [flag_actions.create_flag(product=product, key=key.strip(), name=feature.name, owner=owner, actor=actor)]
    except Refused as refused:
        refused.field = "new_flag"
        raise


def _claim(release: Release, flags: Sequence[Flag], actor: User) -> None:
    """Hold the flags for this release, with its seed, so that its features reach a user together (P10)."""
    covered = set(release.candidates.values_list("product_id", flat=True))
    for flag in flags:
        if flag.product_id not in covered:
            raise Refused(f"{flag} is no flag of a product of {release}.", field="flags")
    rivals = Release.objects.unfinished().exclude(pk=release.pk).filter(features__flags__in=flags)
    rival = rivals.first()
    if rival:
        raise Conflict(f"A flag belongs to {rival}, which is not finished.", field="flags")
    _take_over(release, flags, actor)
    if flags:
        flag_actions.claim(flags=flags, holder=release.subject, label=release.name, seed=str(release.seed), actor=actor)


def _take_over(release: Release, flags: Sequence[Flag], actor: User) -> None:
    """Free what a finished release (rolled back, usually) still holds, once nobody has it any more: until then only
    the old claim can take it back, and a rollback is never made impossible.
    """
    held: dict[str, list[Flag]] = {}
    for flag in Flag.objects.filter(pk__in=[flag.pk for flag in flags]).exclude(claim__in=["", release.subject]):
        held.setdefault(flag.claim, []).append(flag)
    for holder, theirs in held.items():
        former = Release.objects.filter(pk=holder.removeprefix("release:")).first() if _is_release(holder) else None
        if former is None or not ReleaseStatus(former.status).is_finished:
            continue  # claiming it refuses, and says who holds it
        if FlagState.objects.filter(flag__in=theirs, environment__is_production=True, weight__gt=0).exists():
            raise Conflict(f"A flag of {former} is not back at 0 yet.", field="flags")
        flag_actions.unclaim(holder=holder, flags=theirs, actor=actor)


def _is_release(holder: str) -> bool:
    kind, _, number = holder.partition(":")
    return kind == "release" and number.isdecimal()


def _let_go(release: Release, actor: User) -> None:
    """Free the flags that no feature of the release has any more."""
    lost = Flag.objects.filter(claim=release.subject).exclude(features__release=release)
    if lost:
        flag_actions.unclaim(holder=release.subject, flags=lost, actor=actor)


def _fresh(feature: Feature) -> Feature:
    found = Feature.objects.filter(pk=feature.pk).first()
    if found is None:
        raise Conflict("This feature is gone.")
    return found


def _check_owner(release: Release, owner: User) -> None:
    if not owner.has_role(release.product):
        raise Refused(f"{owner} has no role in {release.product}.", field="owner")


def _ids(flags: Iterable[Flag]) -> list[int]:
    return sorted(flag.pk for flag in flags)


def _record(release: Release, actor: User, action: str, feature: Feature, data: dict[str, Any]) -> None:
    audit.record(
        stream=release.subject,
        actor=actor,
        action=action,
        subject=f"feature:{feature.pk}",
        data=data,
        texts={"feature": feature.name},
    )
