"""What tests say about the candidate. Pure: facts come in, a verdict with its sentence comes out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from releases.gates import GateState
from validation.choices import FindingVerb, ResultStatus, ScenarioState, Severity


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The newest result of one tester for one scenario on the builds that are asked about."""

    scenario: int
    title: str
    tester: str
    status: ResultStatus
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A finding and where it stands (`verb` of its newest event)."""

    title: str
    severity: Severity
    verb: FindingVerb
    who: str
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    state: GateState
    sentence: str
    who: str = ""
    since: datetime | None = None
    passed: int = 0
    total: int = 0


def scenario_state(here: Sequence[Outcome], *, tested_before: bool = False) -> ScenarioState:
    """One scenario on the candidate: any tester's fail outweighs a pass, a pass outweighs a blocked sitting."""
    statuses = {outcome.status for outcome in here}
    if ResultStatus.FAIL in statuses:
        return ScenarioState.FAIL
    if ResultStatus.PASS in statuses:
        return ScenarioState.PASS
    if ResultStatus.BLOCKED in statuses:
        return ScenarioState.BLOCKED
    return ScenarioState.RETEST if tested_before else ScenarioState.NOT_RUN


def staging(
    *,
    scenarios: Sequence[int],
    required: bool,
    build: str,
    outcomes: Sequence[Outcome],
    defects: Sequence[Defect],
    tested_before: frozenset[int] = frozenset(),
    since: datetime | None = None,
) -> Standing:
    """May the build go on, as far as tests go? `since`: when the candidate became one; `build`: its version."""
    if not build:
        return Standing(state=GateState.WAITING, sentence="There is no candidate build to test yet.")
    blocking = [one for one in defects if one.severity == Severity.BLOCKING and one.verb.is_open]
    if not scenarios and not blocking:
        return _unwritten(required)
    per_scenario: dict[int, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        per_scenario[outcome.scenario].append(outcome)
    states = [scenario_state(per_scenario[one], tested_before=one in tested_before) for one in scenarios]
    passed, total = states.count(ScenarioState.PASS), len(scenarios)
    failing = [outcome for outcome in outcomes if outcome.status == ResultStatus.FAIL and outcome.scenario in scenarios]
    if blocking:
        return _blocked_by_findings(blocking, passed, total)
    if failing:
        return _blocked_by_failures(failing, build, passed, total)
    sentence = f"{passed} of {total} passed on {build}"
    if passed < total:
        sentence += f"; {_left(states)}." if _left(states) else "."
        return Standing(
            state=GateState.WAITING, sentence=sentence, who="the testers", since=since, passed=passed, total=total
        )
    newest = max(outcomes, key=lambda outcome: outcome.at)
    return Standing(
        state=GateState.OPEN,
        sentence=f"{sentence}{_minor(defects)}.",
        who=newest.tester,
        since=newest.at,
        passed=passed,
        total=total,
    )


def _unwritten(required: bool) -> Standing:
    if required:
        return Standing(state=GateState.WAITING, sentence="No scenario is written yet; a grouped release needs them.")
    return Standing(
        state=GateState.OPEN, sentence="No scenarios: an express release rests on its checks.", who="by itself"
    )


def _blocked_by_findings(blocking: Sequence[Defect], passed: int, total: int) -> Standing:
    first = blocking[0]
    more = f" and {len(blocking) - 1} more" if len(blocking) > 1 else ""
    return Standing(
        state=GateState.BLOCKED,
        sentence=f"Blocking finding: “{first.title}”{more}.",
        who=first.who,
        since=first.since,
        passed=passed,
        total=total,
    )


def _blocked_by_failures(failing: Sequence[Outcome], build: str, passed: int, total: int) -> Standing:
    first = min(failing, key=lambda outcome: outcome.at)
    count = len({outcome.scenario for outcome in failing})
    named = f"“{first.title}”" if count == 1 else f"{count} scenarios, among them “{first.title}”"
    return Standing(
        state=GateState.BLOCKED,
        sentence=f"Failed on {build}: {named}; {passed} of {total} passed.",
        who=first.tester,
        since=first.at,
        passed=passed,
        total=total,
    )


def _left(states: Sequence[ScenarioState]) -> str:
    words = [
        (states.count(ScenarioState.RETEST), "to re-test"),
        (states.count(ScenarioState.BLOCKED), "could not be tested"),
        (states.count(ScenarioState.NOT_RUN), "not run yet"),
    ]
    return ", ".join(f"{count} {word}" for count, word in words if count)


def _minor(defects: Sequence[Defect]) -> str:
    minor = [one for one in defects if one.severity == Severity.MINOR]
    parts = [
        (sum(one.verb.is_open for one in minor), "open"),
        (sum(one.verb == FindingVerb.ACCEPTED for one in minor), "accepted"),
    ]
    return "".join(f"; {count} minor finding{'s' if count > 1 else ''} {word}" for count, word in parts if count)


def conclusion(steps: Sequence[ResultStatus | None]) -> ResultStatus | None:
    """What a scenario's steps say about it (None: not tried yet). One fail fails it, whatever is left; one that could
    not be tried blocks it; it passes when every step did.
    """
    for worse in (ResultStatus.FAIL, ResultStatus.BLOCKED):
        if worse in steps:
            return worse
    return ResultStatus.PASS if steps and None not in steps else None


def may_not_conclude(status: ResultStatus, steps: Sequence[ResultStatus | None]) -> str:
    """Why this is not what came out, or nothing. A scenario without steps is what its tester says."""
    if not steps:
        return ""
    said = conclusion(steps)
    if said is None:
        return f"Step {steps.index(None) + 1} is not tried yet, so nothing follows from the steps."
    if said != status:
        return f"Step {steps.index(said) + 1} says {said.label}, and so does the scenario."
    return ""


def is_another_test(*, title: str, steps: Sequence[Mapping[str, str]], by: Mapping[str, Any]) -> bool:
    """Whether a change asks for a new try: of what to do or to expect, or of the title where it is all there is. Spaces
    do not count.
    """
    before, after = _plain(steps), _plain(by["steps"])
    return before != after or (not after and title.split() != by["title"].split())


def _plain(steps: Sequence[Mapping[str, str]]) -> list[list[list[str]]]:
    return [[step["do"].split(), step.get("expect", "").split()] for step in steps]


def may_not_move(
    *,
    verb: FindingVerb,
    now: FindingVerb,
    severity: Severity,
    is_raiser: bool,
    decides: bool,
    builds: bool,
    rebuilt: bool,
) -> str:
    """Why somebody may not move a finding, or nothing. `decides`: release manager, approver or owner; `builds`: an
    engineer or release manager; `rebuilt`: the candidate is another build than the one it was found on.

    Accepting is a decision and not the raiser's; a blocking finding is never accepted, only fixed. That it is fixed can
    be said by whoever saw it, or for a newer build by whoever made it (the scenario has to pass there anyhow).
    """
    if verb == now or verb == FindingVerb.RAISED:
        return f"This finding is {now.label} already."
    if verb == FindingVerb.REOPENED:
        return "This finding is open." if now.is_open else ""
    if not now.is_open:
        return f"This finding is {now.label}; open it again first."
    if verb == FindingVerb.ACCEPTED:
        if severity == Severity.BLOCKING:
            return "A blocking finding cannot be accepted; it has to be fixed."
        if is_raiser:
            return "Somebody else than who raised a finding accepts it."
        return "" if decides else "Only a release manager, approver or owner accepts a finding."
    if is_raiser or (builds and rebuilt):
        return ""
    if builds:
        return "On the build it was found on, only who raised a finding can say that it is gone."
    return "Only who raised a finding, or an engineer for a newer build, says that it is fixed."
