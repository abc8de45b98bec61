"""Where code mentions flags, as CI last saw it: the places of each key, what is archived, and what was never a flag."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from core.models import Product
from flags.models import CodeReference, CodeScan, Flag

SHOWN = 5
"""Places of one key that a list shows; a flag's own page shows more."""


@dataclass(frozen=True)
class Mentions:
    """Of one key: how many places, and the first of them, in order, with their scan."""

    key: str
    count: int
    places: Sequence[CodeReference]
    product: Product | None = None

    @property
    def more(self) -> int:
        return self.count - len(self.places)


def mentions(flags: Iterable[Flag], shown: int = SHOWN) -> Mapping[int, Mentions]:
    """By the flag's primary key, of those that code mentions. One query."""
    wanted = {(flag.product_id, flag.key): flag.pk for flag in flags}
    products, keys = {product for product, _ in wanted}, {key for _, key in wanted}
    rows = CodeReference.objects.filter(scan__product__in=products, key__in=keys)
    found = _gathered(rows, shown)
    return {wanted[one]: told for one, told in found.items() if one in wanted}


def of_flag(flag: Flag, shown: int = 100) -> Mentions:
    """For the flag's page: ``{% include "flags/_code.html" with code=… %}``."""
    return mentions([flag], shown).get(flag.pk) or Mentions(flag.key, 0, [])


def scans(products: Iterable[Product]) -> QuerySet[CodeScan]:
    """The last look over each repository, with how many places it found."""
    rows = CodeScan.objects.filter(product__in=products).annotate(count=Count("references"))
    return rows.select_related("product", "by").order_by("product__name", "repository")


def unknown(products: Iterable[Product]) -> list[Mentions]:
    """Keys in code that no flag has or ever had."""
    known = Flag.objects.filter(product=OuterRef("scan__product"), key=OuterRef("key"))
    return _listed(products, ~Q(Exists(known)))


def archived(products: Iterable[Product]) -> list[Mentions]:
    """Keys in code of flags that answer nobody any more."""
    gone = Flag.objects.filter(product=OuterRef("scan__product"), key=OuterRef("key"), archived_at__isnull=False)
    return _listed(products, Q(Exists(gone)))


def _listed(products: Iterable[Product], which: Q) -> list[Mentions]:
    rows = CodeReference.objects.filter(which, scan__product__in=products)
    found = _gathered(rows, SHOWN)
    return sorted(found.values(), key=lambda one: (one.product.name if one.product else "", one.key))


def _gathered(rows: QuerySet[CodeReference], shown: int) -> dict[tuple[int, str], Mentions]:
    """The first `shown` places of each key, beside how many there are."""
    same = [F("scan__product"), F("key")]
    order = ["scan__repository", "file", "line"]
    numbered = rows.annotate(
        nth=Window(RowNumber(), partition_by=same, order_by=order), count=Window(Count("pk"), partition_by=same)
    )
    first = numbered.filter(nth__lte=shown).select_related("scan__product").order_by("scan__product", "key", "nth")
    gathered: dict[tuple[int, str], list[CodeReference]] = defaultdict(list)
    for row in first:
        gathered[row.scan.product_id, row.key].append(row)
    return {
        where: Mentions(where[1], found[0].count, found, found[0].scan.product)  # type: ignore[attr-defined]
        for where, found in gathered.items()
    }
