"""Whose signature counts. Pure: decisions and the parts of now come in, where each stage stands comes out.

A decision counts while the digests of the parts its stage covers are what they were when it was signed. Nothing is ever
marked void: a job that marks could fail to, or mark too much (docs/decisions/0006).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from approvals.choices import Verdict

Parts = Mapping[str, str]  # name of a seal's part → its digest


@dataclass(frozen=True, kw_only=True)
class StageFacts:
    """A stage as its policy defines it. `covers` empty: every part."""

    id: int
    name: str
    order: int = 0
    quorum: int = 1
    covers: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Signed:
    """One decision as it was made: `parts` are the digests that the person saw; `id` grows with time."""

    id: int
    stage: int
    person: int
    name: str
    verdict: Verdict
    parts: Parts
    at: datetime
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Void:
    """A decision that no longer counts, and the parts that changed since."""

    signed: Signed
    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where one stage stands. `granted` are the signatures that count, oldest first."""

    stage: StageFacts
    granted: tuple[Signed, ...] = ()
    refused: tuple[Signed, ...] = ()
    void: tuple[Void, ...] = ()
    revoked: tuple[Signed, ...] = ()
    elsewhere: tuple[Signed, ...] = field(default=())
    own: tuple[Signed, ...] = field(default=())

    @property
    def is_granted(self) -> bool:
        return not self.refused and len(self.granted) >= self.stage.quorum

    @property
    def missing(self) -> int:
        return max(0, self.stage.quorum - len(self.granted))


def changed(signed: Parts, now: Parts, covers: Collection[str] = ()) -> tuple[str, ...]:
    """Names of the covered parts that are not what was signed; a part that came or went has changed."""
    names = [name for name in {**now, **signed} if not covers or name in covers]
    return tuple(name for name in names if signed.get(name) != now.get(name))


def standing(
    decisions: Sequence[Signed],
    current_parts: Parts,
    stage: StageFacts,
    *,
    counted_elsewhere: Collection[int] = (),
    authors: Collection[int] = (),
) -> Standing:
    """One stage by the newest decision of each person. `authors` may not sign their own work, and decisions
    whose id is in `counted_elsewhere` yield to a newer signature of the same person in another stage.
    """
    newest: dict[int, Signed] = {}
    for decision in sorted((one for one in decisions if one.stage == stage.id), key=lambda one: one.id):
        newest[decision.person] = decision
    groups: dict[str, list[Signed]] = {"granted": [], "refused": [], "revoked": [], "elsewhere": [], "own": []}
    void: list[Void] = []
    for decision in sorted(newest.values(), key=lambda one: one.id):
        differing = changed(decision.parts, current_parts, stage.covers)
        if decision.verdict == Verdict.REVOKE:
            groups["revoked"].append(decision)
        elif differing:
            void.append(Void(signed=decision, changed=differing))
        elif decision.verdict == Verdict.REFUSE:
            groups["refused"].append(decision)
        elif decision.person in authors:
            groups["own"].append(decision)
        else:
            groups["elsewhere" if decision.id in counted_elsewhere else "granted"].append(decision)
    return Standing(stage=stage, void=tuple(void), **{name: tuple(rows) for name, rows in groups.items()})


def tally(
    stages: Sequence[StageFacts], decisions: Sequence[Signed], current_parts: Parts, *, authors: Collection[int] = ()
) -> list[Standing]:
    """Every stage, where one person counts once per release: in the stage of their newest signature that stands."""
    alone = [standing(decisions, current_parts, stage, authors=authors) for stage in stages]
    newest: dict[int, int] = {}
    for signed in (one for each in alone for one in each.granted):
        newest[signed.person] = max(newest.get(signed.person, 0), signed.id)
    yielding = {one.id for each in alone for one in each.granted if one.id != newest[one.person]}
    return [standing(decisions, current_parts, stage, counted_elsewhere=yielding, authors=authors) for stage in stages]


def next_order(standings: Sequence[Standing]) -> int | None:
    """The lowest order that has a stage not granted yet; None once all are."""
    return min((one.stage.order for one in standings if not one.is_granted), default=None)


def may_not_sign(
    *,
    person: int,
    stage: StageFacts,
    in_team: bool,
    is_approver: bool,
    is_active: bool,
    own_work: Mapping[int, str],
    standings: Sequence[Standing] = (),
) -> str:
    """Why this person may not sign this stage, or nothing. `own_work` maps people to what of the release is theirs."""
    if not is_active:
        return "This account is no longer active."
    if not in_team:
        return f"Only the team that is asked signs for {stage.name}."
    if not is_approver:
        return "Only an approver of this product signs."
    if person in own_work:
        return f"Nobody signs their own work: you {own_work[person]}."
    for other in standings:
        if other.stage.id != stage.id and any(one.person == person for one in other.granted):
            return f"You signed for {other.stage.name} already, and one person counts once per release."
    return ""
