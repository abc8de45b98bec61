"""What the tester's bench shows: the list, one scenario, and its record."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from core.choices import RoleKind
from core.models import Environment, User
from core.words import short
from releases.choices import ReleaseStatus
from releases.models import Candidate, Deployment, Release
from validation import gates, rules
from validation.choices import ResultStatus, ScenarioState
from validation.models import Finding, Result, Run, Scenario
from validation.moves import moves


@dataclass(kw_only=True)
class Row:
    """One scenario in the list. `here`: each tester's newest result on the candidate; `all`: every one."""

    scenario: Scenario
    number: int
    state: ScenarioState
    here: list[Result] = field(default_factory=list)
    all: list[Result] = field(default_factory=list)

    @property
    def meta(self) -> str:
        """What stands after the state's word."""
        newest = max(self.here, key=lambda one: one.at, default=None)
        if newest:
            return f"on {newest.run.build}, {short(newest.at)}"
        if self.all:
            return f"{ResultStatus(self.all[0].status).past} on {self.all[0].run.build}"
        return ""

    def left_for(self, user: User) -> bool:
        return self.state != ScenarioState.PASS and not any(
            one.run.tester_id == user.pk and one.status != ResultStatus.BLOCKED for one in self.here
        )

    def passed_before(self, user: User) -> Result | None:
        """This tester's newest result, if it is a pass on a build that is no longer the candidate."""
        mine = next((one for one in self.all if one.run.tester_id == user.pk), None)
        return mine if mine and mine.status == ResultStatus.PASS and mine not in self.here else None


@dataclass(kw_only=True)
class Group:
    name: str
    rows: list[Row]

    @property
    def passed(self) -> int:
        return sum(row.state == ScenarioState.PASS for row in self.rows)


def rows(release: Release, digests: dict[int, str]) -> list[Row]:
    """Every scenario in order, with what is known of it. Three queries."""
    scenarios = list(release.scenarios.select_related("feature"))
    history: dict[int, list[Result]] = defaultdict(list)
    found = Result.objects.filter(run__release=release).select_related("run__tester", "run__build", "note")
    for result in found.order_by("-at", "-id"):
        history[result.scenario_id].append(result)
    wanted = {str(product): digest for product, digest in digests.items()}
    made = []
    for number, scenario in enumerate(scenarios, start=1):
        here: dict[int, Result] = {}
        for result in history[scenario.pk]:
            if result.run.digests == wanted:
                here.setdefault(result.run.tester_id, result)
        outcomes = gates.outcomes(list(here.values()))
        state = rules.scenario_state(outcomes, tested_before=bool(history[scenario.pk]))
        row = Row(scenario=scenario, number=number, state=state, here=list(here.values()), all=history[scenario.pk])
        made.append(row)
    return made


def grouped(listed: list[Row]) -> list[Group]:
    """By feature, in the order in which each first appears."""
    found: dict[str, Group] = {}
    for row in listed:
        name = row.scenario.feature.name if row.scenario.feature else "Across features"
        found.setdefault(name, Group(name=name, rows=[])).rows.append(row)
    return list(found.values())


def places(candidates: list[Candidate]) -> list[Environment]:
    """Environments before production in which a candidate runs, by the newest deployment of some slot."""
    found = []
    environments = Environment.objects.filter(
        product__in=[one.product_id for one in candidates], is_production=False
    ).select_related("product")
    newest = Deployment.objects.filter(environment__in=environments).order_by(
        "environment_id", "slot_id", "-deployed_at", "-id"
    )
    running = set(newest.distinct("environment_id", "slot_id").values_list("environment_id", "build_id"))
    builds = {one.product_id: one.build_id for one in candidates}
    for environment in environments:
        if (environment.pk, builds.get(environment.product_id)) in running:
            found.append(environment)
    return found


def bench(release: Release, user: User, chosen: str = "") -> dict[str, Any]:
    """The whole page. `chosen` is a scenario's id; without it, the first that is left for this tester."""
    candidates = list(gates.candidates_of(release))
    digests = gates.digests_of(candidates)
    listed = rows(release, digests)
    current = next((row for row in listed if str(row.scenario.pk) == chosen), None)
    left = [row for row in listed if row.left_for(user)]
    current = current or (left[0] if left else listed[0] if listed else None)
    run = _run(release, user, digests)
    finished = ReleaseStatus(release.status).is_finished
    tester = user.has_role(release.product, RoleKind.TESTER) and not finished
    return {
        "release": release,
        "builds": ", ".join(str(one.build) for one in candidates if one.build),
        "groups": grouped(listed),
        "left": len(left),
        "current": current,
        "before": current.passed_before(user) if current else None,
        "run": run,
        "places": places(candidates) if tester and not run else [],
        "tester": tester,
        "may_record": tester and run is not None,
        "standing": gates.ask(release),
        "findings": _findings(release, current, user),
    }


def _run(release: Release, user: User, digests: dict[int, str]) -> Run | None:
    """This tester's open run on exactly these builds."""
    wanted = {str(product): digest for product, digest in digests.items()}
    runs = Run.objects.filter(release=release, tester=user, finished_at=None, digests=wanted)
    return runs.select_related("build", "environment").first()


def _findings(release: Release, current: Row | None, user: User) -> list[dict[str, Any]]:
    found = Finding.objects.filter(release=release).with_standing().order_by("-id")
    if current:
        found = found.filter(Q(scenario=current.scenario) | Q(scenario=None))
    return [{"finding": one, "verb": one.verb, "moves": moves(one, user, release.product)} for one in found]
