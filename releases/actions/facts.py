"""What CI reports: builds, checks, deployments. Facts are added, never changed; the same again is the same row."""

from django.db import transaction
from django.db.models import Q

from core import audit
from core.access import require
from core.choices import RoleKind
from core.errors import Conflict, Refused
from core.models import Environment, Product, User
from core.rows import insert
from releases.actions.common import announce, covering, lock_affected
from releases.choices import CheckKind, CheckStatus
from releases.models import Build, Check, Deployment, Release, Slot


@transaction.atomic
def register_build(
    *, product: Product, version: str, digest: str, actor: User, commit: str = "", author: User | None = None
) -> tuple[Build, bool]:
    """The build of this digest, and whether it is new. The author (the actor, if none is named) may not sign for it.

    Raises Forbidden, Refused, Conflict naming the field where the same digest or version says something else.
    """
    require(actor, product, RoleKind.ENGINEER)
    version, digest, commit = version.strip(), digest.strip(), commit.strip()
    author = author or actor
    if not author.has_role(product):
        raise Refused(f"{author} has no role in {product}.", field="author")
    build = Build(product=product, version=version, digest=digest, commit=commit, author=author)
    known = _known(build)
    if known is None:
        try:
            insert(build, taken="", field="")
        except Conflict:  # another pipeline got there between the look and the write
            known = _known(build)
            if known is None:
                raise
    if known:
        return known, False
    audit.record(
        stream=f"product:{product.pk}",
        actor=actor,
        action="build_registered",
        subject=f"build:{build.pk}",
        data={"version": version, "digest": digest, "commit": commit, "author": author.pk},
    )
    return build, True


def _known(build: Build) -> Build | None:
    """The row that says the same. Raises Conflict for one that has the same digest or version and says otherwise."""
    # One statement, one snapshot: with two, a row that is committed between them has its version and not its digest.
    rows = Build.objects.filter(Q(digest=build.digest) | Q(version=build.version), product=build.product_id)
    found = list(rows.select_related("product"))
    same = next((row for row in found if row.digest == build.digest), None)
    if same is None:
        if found:
            raise Conflict(f"{build.version} is registered with another digest.", field="version")
        return None
    if same.version != build.version:
        raise Conflict(f"This digest is registered as {same.version}.", field="version")
    if build.commit and same.commit != build.commit:
        raise Conflict(f"This digest is registered with commit {same.commit or 'unknown'}.", field="commit")
    return same


@transaction.atomic
def report_check(*, build: Build, kind: str, status: str, actor: User, summary: str = "") -> tuple[Check, bool]:
    """Report a named result. The newest of a kind counts; the same as the newest, again, is that row (and False).

    Raises Forbidden, Refused.
    """
    require(actor, build.product, RoleKind.ENGINEER)
    if kind not in CheckKind.values:
        raise Refused(f"A check is one of {', '.join(CheckKind.values)}.", field="kind")
    if status not in CheckStatus.values:
        raise Refused("A check says pass or fail.", field="status")
    topics = lock_affected(Release.objects.filter(candidates__build=build))
    check = Check(build=build, kind=kind, status=status, summary=" ".join(summary.split()), reported_by=actor)
    newest = Check.objects.filter(build=build, kind=kind).first()
    if newest and (newest.status, newest.summary) == (check.status, check.summary):
        return newest, False
    insert(check, taken="This check cannot be written.", field="build")
    audit.record(
        stream=f"product:{build.product_id}",
        actor=actor,
        action=f"check_{CheckStatus(status)}",
        subject=f"build:{build.pk}",
        data={"check": CheckKind(kind).label, "version": build.version},
        texts={"summary": check.summary},
    )
    announce(topics, "check_reported")
    return check, True


@transaction.atomic
def register_deployment(
    *, build: Build, environment: Environment, actor: User, slot: Slot | None = None
) -> tuple[Deployment, bool]:
    """Record that `build` was put somewhere; what is there already, again, is that row (and False).

    Recorded also where a live rollout runs: facts are facts, and the gate about what runs closes.
    Raises Forbidden, Refused.
    """
    require(actor, build.product, RoleKind.ENGINEER)
    if environment.product_id != build.product_id:
        raise Refused(f"{environment} is not a place of {build.product}.", field="environment")
    if slot and slot.environment_id != environment.pk:
        raise Refused(f"{environment} has no slot {slot.name}.", field="slot")
    if slot is None and environment.slots.exists():
        raise Refused(f"{environment} has slots; name one.", field="slot")
    topics = lock_affected(covering(build.product))
    newest = Deployment.objects.filter(environment=environment, slot=slot).first()
    if newest and newest.build_id == build.pk:
        return newest, False
    row = Deployment(build=build, environment=environment, slot=slot, deployed_by=actor)
    insert(row, taken="This deployment cannot be written.", field="build")
    audit.record(
        stream=f"product:{build.product_id}",
        actor=actor,
        action="deployed",
        subject=f"build:{build.pk}",
        data={
            "version": build.version,
            "environment": environment.slug,
            "slot": slot.name if slot else "",
            "place": f"{environment.slug} {slot.name}" if slot else environment.slug,
            "before": newest.build_id if newest else None,
        },
    )
    announce(topics, "deployed")
    return row, True
