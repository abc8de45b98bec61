"""What CI saw in a checkout."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from core import audit, clock, locks
from core.models import Product, User
from flags.actions import common
from flags.models import CodeReference, CodeScan

MOST = 20_000
"""References of one scan."""


@dataclass(frozen=True, order=True)
class Place:
    """One line that mentions a key."""

    key: str
    file: str
    line: int


@transaction.atomic
def report_code(*, product: Product, repository: str, commit: str, places: Collection[Place], actor: User) -> CodeScan:
    """What code of `repository` mentions, in place of what it mentioned at the last look. The record keeps numbers
    only. Raises Forbidden, and AssertionError for more than MOST places.
    """
    assert len(places) <= MOST
    common.may(actor, product)
    locks.bounded()
    scan, _ = CodeScan.objects.get_or_create(product=product, repository=repository, defaults={"by": actor})
    scan = CodeScan.objects.select_for_update(of=("self",)).get(pk=scan.pk)
    scan.commit, scan.by, scan.at = commit, actor, clock.now()
    scan.save(update_fields=["commit", "by", "at"])
    scan.references.all().delete()
    found = sorted(set(places))
    rows = (CodeReference(scan=scan, key=one.key, file=one.file, line=one.line) for one in found)
    CodeReference.objects.bulk_create(rows, batch_size=2_000)
    data = {"repository": scan.pk, "references": len(found), "keys": len({one.key for one in found})}
    audit.record(
        stream=f"product:{product.pk}", actor=actor, action="flag_code_seen", subject=f"product:{product.pk}", data=data
    )
    return scan
