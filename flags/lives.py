"""The lives of many flags at once: what `lifecycle` wants to know, in a number of queries that does not grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, OuterRef, Subquery, prefetch_related_objects

from core import topics
from core.models import AuditEntry
from flags import lifecycle
from flags.lifecycle import Facts, Life, Place
from flags.models import CodeReference, CodeScan, Flag, FlagState, FlagUsage


def lives(flags: Iterable[Flag], now: datetime) -> Mapping[int, Life]:
    """By the flag's primary key: its stage, why it may go, and the facts behind both. Seven queries, or fewer where the
    states and their environments were prefetched already.
    """
    rows = list(flags)
    prefetch_related_objects(rows, "states__environment")
    known = _known(rows)
    return {flag.pk: lifecycle.life(_facts(flag, known), now) for flag in rows}


def life_of(flag: Flag, now: datetime) -> Life:
    return lives([flag], now)[flag.pk]


@dataclass(frozen=True)
class _Known:
    """What was asked for all of them: by flag, by product, or by product and key."""

    asked: Mapping[int, tuple[datetime | None, datetime | None]]
    counted: Mapping[int, datetime]
    scanned: frozenset[int]
    mentions: Mapping[tuple[int, str], int]
    released: Mapping[int, str]


def _known(flags: Sequence[Flag]) -> _Known:
    products = {flag.product_id for flag in flags}
    mentions = CodeReference.objects.filter(scan__product__in=products, key__in={flag.key for flag in flags})
    counts = mentions.order_by().values_list("scan__product", "key").annotate(Count("pk"))
    scans = CodeScan.objects.filter(product__in=products).values_list("product", flat=True)
    return _Known(
        asked=_asked(flags),
        counted=_counted(products),
        scanned=frozenset(scans),
        mentions={(product, key): count for product, key, count in counts},
        released=released(flags),
    )


def _asked(flags: Sequence[Flag]) -> dict[int, tuple[datetime | None, datetime | None]]:
    """When each was last in any answer, and last asked for by name."""
    newest = FlagUsage.objects.filter(flag=OuterRef("pk")).order_by("-last_at").values("last_at")
    rows = Flag.objects.filter(pk__in=[flag.pk for flag in flags]).order_by()
    seen = rows.annotate(any=Subquery(newest[:1]), named=Subquery(newest.filter(by_name=True)[:1]))
    return {pk: (any_, named) for pk, any_, named in seen.values_list("pk", "any", "named")}


def _counted(products: Iterable[int]) -> dict[int, datetime]:
    """Since when answers of each product are counted; those of which none was are left out."""
    oldest = FlagUsage.objects.filter(flag=OuterRef("pk")).order_by("last_at").values("last_at")
    rows = Flag.objects.filter(product__in=products).annotate(first=Subquery(oldest[:1])).exclude(first=None)
    return dict(rows.order_by().values_list("product").annotate(Min("first")))


def released(flags: Iterable[Flag]) -> dict[int, str]:
    """The name of the release that let each go last, of those that no release holds."""
    free = {f"flag:{flag.pk}": flag.pk for flag in flags if not flag.claim}
    left = AuditEntry.objects.filter(action="flag_unclaimed", subject__in=free).order_by("subject", "-at", "-seq")
    claims = dict(left.distinct("subject").values_list("subject", "data__claim"))
    names = topics.names(claims.values())
    return {free[subject]: names[claim] for subject, claim in claims.items() if claim in names}


def _facts(flag: Flag, known: _Known) -> Facts:
    states = list(flag.states.all())
    production = next((place_of(state) for state in states if state.environment.is_production), None)
    others = [place_of(state) for state in states if not state.environment.is_production]
    asked_at, named_at = known.asked[flag.pk]
    where = (flag.product_id, flag.key)
    return Facts(
        kind=flag.kind,
        made_at=flag.created_at,
        production=production,
        elsewhere=any(not place.nobody and not place.killed for place in others),
        last_change=max((state.changed_at for state in states), default=None),
        named_at=named_at,
        asked_at=asked_at,
        counted_since=known.counted.get(flag.product_id),
        mentions=known.mentions.get(where, 0) if flag.product_id in known.scanned else None,
        holder=flag.claim_label or flag.claim,
        release=known.released.get(flag.pk, ""),
        removal=flag.expected_removal,
        archived_at=flag.archived_at,
    )


def place_of(state: FlagState) -> Place:
    return lifecycle.place(
        enabled=state.enabled,
        withheld=state.withheld,
        carrier=state.carrier,
        weight=state.weight,
        build=state.build,
        targeting=state.targeting,
        at=state.changed_at,
    )
