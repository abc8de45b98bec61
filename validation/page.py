"""What the tester's bench shows: the list, one scenario step by step, and its record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from core.choices import RoleKind
from core.models import Environment, User
from releases.choices import ReleaseStatus
from releases.models import Candidate, Deployment, Release
from validation import gates
from validation.actions.common import EVERYBODY_AT_WORK
from validation.actions.writing import KEEPERS, WRITERS
from validation.bench import Row, grouped, rows
from validation.models import Run
from validation.record import changes_since, findings, history
from validation.sitting import Sitting, sitting_of

LONGEST_QUERY = 80


@dataclass(frozen=True)
class Asked:
    """What the address asks for; what it cannot mean is left out, so that any address shows a page."""

    scenario: int = 0
    after: int = 0
    step: int = 0
    q: str = ""
    mine: bool = False

    @classmethod
    def of(cls, given: Mapping[str, str], **fixed: int) -> "Asked":
        numbers = {name: _number(given.get(name, "")) for name in ("scenario", "after", "step")}
        words = given.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
        return cls(**{**numbers, **fixed}, q=words, mine=given.get("mine") == "1")

    def query(self, **more: object) -> str:
        """How a link keeps the filter: `more` comes first, what is empty is left out."""
        kept = {**more, "mine": "1" if self.mine else "", "q": self.q}
        return urlencode({name: value for name, value in kept.items() if value})


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def workspace(release: Release, user: User, asked: Asked) -> dict[str, Any]:
    """The whole page."""
    candidates = list(gates.candidates_of(release))
    digests = gates.digests_of(candidates)
    everything = [row for group in grouped(rows(release, digests)) for row in group.rows]
    left = [row for row in everything if row.left_for(user)]
    listed = [row for row in everything if row.speaks_of(asked.q) and (not asked.mine or row in left)]
    current = _current(asked, everything, left, listed)
    roles = set(user.roles.filter(product=release.product_id).values_list("kind", flat=True))
    over = ReleaseStatus(release.status).is_finished
    tester = RoleKind.TESTER in roles and not over
    run, stale = _runs(release, user, digests)
    where = places(candidates) if tester else []
    may_record = run is not None and run.environment in where
    sitting = sitting_of(current, run if may_record else None, user, asked.step) if current else None
    before = current.passed_before(user) if current and not over else None
    return {
        "release": release,
        "asked": asked,
        "kept": asked.query(),
        "builds": ", ".join(str(one.build) for one in candidates if one.build),
        "groups": grouped(listed),
        "scenarios": len(everything),
        "left": len(left),
        "current": current,
        **_neighbours(current, listed or everything),
        "before": before,
        "changed": changes_since(release, current, before) if current and before else [],
        "run": run,
        "stale": stale,
        "places": where,
        "tester": tester,
        "may_record": may_record,
        "sitting": sitting,
        "suggested": sitting.suggested if sitting else {},
        "may_raise": bool(roles & set(EVERYBODY_AT_WORK)) and bool(digests) and not over,
        "may_write": bool(roles & set(WRITERS)) and not over,
        "may_remove": bool(roles & set(KEEPERS)) and not over,
        "standing": gates.ask(release),
        **_record(release, user, current, sitting, everything),
    }


def _current(asked: Asked, everything: list[Row], left: list[Row], listed: list[Row]) -> Row | None:
    """The scenario that was asked for; else the next one after `after` that is left; else the first."""
    chosen = next((row for row in everything if row.scenario.pk == asked.scenario), None)
    if chosen:
        return chosen
    places = {row.scenario.pk: place for place, row in enumerate(everything)}
    behind = places.get(asked.after, -1)
    following = [row for row in left if places[row.scenario.pk] > behind]
    return next(iter([*following, *left, *listed, *everything]), None)


def _neighbours(current: Row | None, listed: list[Row]) -> dict[str, Any]:
    """Where the scenario stands in the list, and which ones J and K lead to."""
    if current is None:
        return {}
    if current not in listed:
        return {"position": 0, "following": listed[0], "previous": None}
    place = listed.index(current)
    return {
        "position": place + 1,
        "of": len(listed),
        "previous": listed[place - 1] if place else None,
        "following": listed[place + 1] if place + 1 < len(listed) else None,
    }


def _runs(release: Release, user: User, digests: dict[int, str]) -> tuple[Run | None, Run | None]:
    """This tester's open run on exactly these builds; and an open one on what is no longer the candidate."""
    wanted = {str(product): digest for product, digest in digests.items()}
    mine = Run.objects.filter(release=release, tester=user, finished_at=None)
    opened = list(mine.select_related("build", "environment__product"))
    fits = next((run for run in opened if run.digests == wanted), None)
    return fits, None if fits else next(iter(opened), None)


def places(candidates: list[Candidate]) -> list[Environment]:
    """Environments before production in which a candidate runs, by the newest deployment of some slot."""
    environments = Environment.objects.filter(
        product__in=[one.product_id for one in candidates], is_production=False
    ).select_related("product")
    newest = Deployment.objects.filter(environment__in=environments).order_by(
        "environment_id", "slot_id", "-deployed_at", "-id"
    )
    running = set(newest.distinct("environment_id", "slot_id").values_list("environment_id", "build_id"))
    builds = {one.product_id: one.build_id for one in candidates}
    return [one for one in environments if (one.pk, builds.get(one.product_id)) in running]


def _record(
    release: Release, user: User, current: Row | None, sitting: Sitting | None, everything: list[Row]
) -> dict[str, Any]:
    found = findings(release, user, everything)
    here = [one for one in found if current and one.finding.scenario_id == current.scenario.pk]
    return {
        "history": history(current, sitting, here) if current and sitting else [],
        "findings": here,
        "elsewhere": len(found) - len(here),
    }
