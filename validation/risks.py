"""What testing says of a release's risk. The weights are explained in docs/decisions (the weights of risk are ours)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from releases.models import Release
from releases.rules import Reason, counted
from validation import gates
from validation.bench import rows
from validation.choices import FindingVerb, ScenarioState, Severity


@dataclass(frozen=True, kw_only=True)
class Tested:
    """`again`: scenarios that pass now and were tried on an earlier build too; `accepted` are known and stay."""

    scenarios: int = 0
    passed: int = 0
    again: int = 0
    blocking: int = 0
    minor: int = 0
    accepted: int = 0
    built: bool = True


def reasons(release: Release, now: datetime) -> Sequence[Reason]:
    digests = gates.digests_of(list(gates.candidates_of(release)))
    listed, defects = rows(release, digests), gates.defects(release)
    passing = [row for row in listed if row.state == ScenarioState.PASS]
    left = [one for one in defects if one.verb.is_open]
    return weigh(
        Tested(
            scenarios=len(listed),
            passed=len(passing),
            again=sum(
                len(row.all) > len([one for one in row.all if one.run.digests == _wanted(digests)]) for row in passing
            ),
            blocking=sum(one.severity == Severity.BLOCKING for one in left),
            minor=sum(one.severity != Severity.BLOCKING for one in left),
            accepted=sum(one.verb == FindingVerb.ACCEPTED for one in defects),
            built=bool(digests),
        )
    )


def weigh(tested: Tested) -> list[Reason]:
    """What was not tried, what was found, and what was tried twice."""
    found = []
    missing = tested.scenarios - tested.passed
    if not tested.scenarios:
        found.append(Reason(10, "No scenario was written for it"))
    elif missing and tested.built:
        found.append(
            Reason(min(20, 2 + 2 * missing), f"{missing} of {counted(tested.scenarios, 'scenario')} did not pass yet")
        )
    if tested.blocking:
        found.append(Reason(min(25, 15 * tested.blocking), f"{counted(tested.blocking, 'blocking finding')} open"))
    if tested.minor:
        found.append(Reason(min(12, 4 * tested.minor), f"{counted(tested.minor, 'minor finding')} open"))
    if tested.accepted:
        found.append(Reason(min(8, 2 * tested.accepted), f"{counted(tested.accepted, 'finding')} accepted as it is"))
    if tested.again and not missing:
        found.append(Reason(-4, f"{counted(tested.again, 'scenario')} passed again after an earlier build"))
    return found


def _wanted(digests: dict[int, str]) -> dict[str, str]:
    return {str(product): digest for product, digest in digests.items()}
