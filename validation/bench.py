"""The list of the tester's bench: every scenario, and what is known of it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.models import User
from core.words import short
from releases.models import Release
from validation import gates, rules
from validation.choices import ResultStatus, ScenarioState
from validation.models import Result, Scenario


@dataclass(kw_only=True)
class Row:
    """One scenario. `here`: each tester's newest result on the candidate and on what it says now; `all`: every one,
    newest first.
    """

    scenario: Scenario
    number: int
    state: ScenarioState
    here: list[Result] = field(default_factory=list)
    all: list[Result] = field(default_factory=list)

    @property
    def newest(self) -> Result | None:
        return max(self.here, key=lambda one: one.at, default=None)

    @property
    def meta(self) -> str:
        """What stands after the state's word."""
        if self.newest:
            return f"on {self.newest.run.build}, {short(self.newest.at)}"
        if not self.all:
            return ""
        if self.all[0].version != self.scenario.version:
            return "its text changed"
        return f"{ResultStatus(self.all[0].status).past} on {self.all[0].run.build}"

    def left_for(self, user: User) -> bool:
        """Whether this person is still to try it: not if it is somebody else's, passed, or failed by themselves."""
        if self.scenario.tester_id not in {None, user.pk} or self.state == ScenarioState.PASS:
            return False
        return not any(one.run.tester_id == user.pk and one.status != ResultStatus.BLOCKED for one in self.here)

    def passed_before(self, user: User) -> Result | None:
        """This tester's newest result, if it is a pass that does not count any more."""
        mine = next((one for one in self.all if one.run.tester_id == user.pk), None)
        return mine if mine and mine.status == ResultStatus.PASS and mine not in self.here else None

    def speaks_of(self, words: str) -> bool:
        """Whether all `words` stand in its number, title, story or feature."""
        text = f"{self.number} {self.scenario.title} {self.scenario.story} {self.scenario.feature or ''}".lower()
        return all(word in text for word in words.lower().split())


@dataclass(kw_only=True)
class Group:
    name: str
    rows: list[Row]

    @property
    def passed(self) -> int:
        return sum(row.state == ScenarioState.PASS for row in self.rows)

    @property
    def left(self) -> list[Row]:
        """What still has to pass."""
        return [row for row in self.rows if row.state != ScenarioState.PASS]


def rows(release: Release, digests: dict[int, str]) -> list[Row]:
    """Every scenario in order, with what is known of it. Two queries."""
    return rows_of({release.pk: digests})[release.pk]


def rows_of(digests: dict[int, dict[int, str]]) -> dict[int, list[Row]]:
    """The same for many releases (release id → product id → digest), for the same two queries."""
    history: dict[int, list[Result]] = defaultdict(list)
    found = Result.objects.filter(run__release__in=digests).select_related("run__tester", "run__build", "note")
    for result in found.order_by("-at", "-id"):
        history[result.scenario_id].append(result)
    made: dict[int, list[Row]] = {release: [] for release in digests}
    scenarios = Scenario.objects.current().filter(release__in=digests).select_related("feature", "tester")
    for scenario in scenarios:
        made[scenario.release_id].append(_row(scenario, history[scenario.pk], digests[scenario.release_id]))
    return made


def _row(scenario: Scenario, history: list[Result], digests: dict[int, str]) -> Row:
    wanted = {str(product): digest for product, digest in digests.items()}
    here: dict[int, Result] = {}
    for result in history:
        result.scenario = scenario
        if result.run.digests == wanted and result.version == scenario.version:
            here.setdefault(result.run.tester_id, result)
    state = rules.scenario_state(gates.outcomes(here.values()), tested_before=bool(history))
    return Row(scenario=scenario, number=scenario.order, state=state, here=list(here.values()), all=history)


def grouped(listed: Iterable[Row]) -> list[Group]:
    """By feature, in the order in which each first appears."""
    found: dict[str, Group] = {}
    for row in listed:
        name = row.scenario.feature.name if row.scenario.feature else "Across features"
        found.setdefault(name, Group(name=name, rows=[])).rows.append(row)
    return list(found.values())
