"""What this room knows of each feature of a release: its scenarios on the candidates of now."""

from collections import defaultdict

from releases.columns import Cell, Column
from releases.models import Release
from validation import gates
from validation.bench import rows
from validation.choices import ScenarioState


def scenarios(release: Release) -> Column:
    """``9 of 9``: how many pass on the candidate. Four queries for any number of features."""
    digests = gates.digests_of(list(gates.candidates_of(release)))
    states: dict[int, list[ScenarioState]] = defaultdict(list)
    for row in rows(release, digests):
        if row.scenario.feature_id:
            states[row.scenario.feature_id].append(ScenarioState(row.state))
    return Column(title="Scenarios", cells={feature: cell(found) for feature, found in states.items()})


def cell(states: list[ScenarioState]) -> Cell:
    """Failed is what counts first; what passed on another build and what was never tried only waits."""
    passed = states.count(ScenarioState.PASS)
    words = f"{passed} of {len(states)}"
    if ScenarioState.FAIL in states:
        return Cell("bad", "fail", words)
    if passed == len(states):
        return Cell("good", "open", words)
    return Cell("wait", "waiting", words) if passed or ScenarioState.RETEST in states else Cell("none", "todo", words)
