"""Where each item of a release's checklist stands: ticked by a person, or by the newest check of the builds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from approvals.models import ChecklistItem, Tick
from releases.choices import CheckStatus
from releases.gates import GateState
from releases.models import Check, Release


@dataclass(frozen=True, kw_only=True)
class Item:
    """`failed` only by a check; `who` ticked it, or has to; `auto` items cannot be ticked by hand."""

    id: int
    text: str
    team: str
    done: bool
    auto: bool
    failed: bool = False
    who: str = ""
    since: datetime | None = None
    evidence: str = ""

    @property
    def tone(self) -> str:
        return "good" if self.done else "bad" if self.failed else "wait"

    @property
    def icon(self) -> str:
        return "open" if self.done else "blocked" if self.failed else "waiting"

    @property
    def word(self) -> str:
        return "ticked" if self.done else "failed" if self.failed else "waiting"


def items(release: Release, digests: dict[int, str] | None = None) -> list[Item]:
    """Every item as it stands on `digests` (product id → build digest), by default on the candidates of now."""
    rows = list(release.checklist.select_related("team"))
    ticks = {tick.item_id: tick for tick in Tick.objects.filter(item__release=release).newest()}
    if digests is None:
        pairs = release.candidates.filter(build__isnull=False).values_list("product_id", "build__digest")
        digests = dict(pairs)
    wanted = set(release.candidates.values_list("product_id", flat=True)) | set(digests)
    checks = _newest_checks(digests) if any(row.check_kind for row in rows) else {}
    return [_auto(row, wanted, checks) if row.check_kind else _by_hand(row, ticks.get(row.pk)) for row in rows]


def verdict(items: Sequence[Item]) -> tuple[GateState, str, str, datetime | None]:
    """State, sentence, whom it waits for (or who ticked last), since when."""
    if not items:
        return GateState.OPEN, "Nothing is on the checklist.", "by itself", None
    done = [item for item in items if item.done]
    failed = [item for item in items if item.failed]
    auto = sum(item.auto for item in done)
    sentence = f"{len(done)} of {len(items)} ticked"
    if failed:
        return GateState.BLOCKED, f"{sentence}; failed: {failed[0].text}.", failed[0].who, failed[0].since
    left = [item for item in items if not item.done]
    if left:
        who = ", ".join(dict.fromkeys("CI" if item.auto else item.team for item in left))
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        return GateState.WAITING, f"{sentence}; missing: {left[0].text}{more}.", who, None
    by_checks = f", {auto} of them by checks" if auto else ""
    dated = [item for item in done if item.since]
    last = max(dated, key=lambda item: item.since or datetime.min) if dated else done[-1]
    return GateState.OPEN, f"{sentence}{by_checks}.", last.who, last.since


def _newest_checks(digests: dict[int, str]) -> dict[tuple[int, str], Check]:
    """(product id, kind) → the newest check of that kind on the product's build."""
    builds = Q(pk__in=[])
    for product, digest in digests.items():
        builds |= Q(build__product=product, build__digest=digest)
    rows = Check.objects.filter(builds).select_related("build", "reported_by")
    newest = rows.order_by("build_id", "kind", "-reported_at", "-id").distinct("build_id", "kind")
    return {(check.build.product_id, check.kind): check for check in newest}


def _auto(row: ChecklistItem, products: set[int], checks: dict[tuple[int, str], Check]) -> Item:
    found = [checks.get((product, row.check_kind)) for product in sorted(products)]
    known = [check for check in found if check]
    failing = [check for check in known if check.status != CheckStatus.PASS]
    shown = failing[0] if failing else (known[-1] if known else None)
    return Item(
        id=row.pk,
        text=row.text,
        team=row.team.name,
        auto=True,
        done=bool(found) and len(known) == len(found) and not failing,
        failed=bool(failing),
        who=str(shown.reported_by or "CI") if shown else "CI",
        since=shown.reported_at if shown else None,
        evidence=shown.summary if shown else "",
    )


def _by_hand(row: ChecklistItem, tick: Tick | None) -> Item:
    done = bool(tick and tick.done)
    evidence = getattr(tick, "evidence", None)
    return Item(
        id=row.pk,
        text=row.text,
        team=row.team.name,
        auto=False,
        done=done,
        who=str(tick.person) if tick and done else row.team.name,
        since=tick.at if tick and done else None,
        evidence=evidence.text if evidence else "",
    )
