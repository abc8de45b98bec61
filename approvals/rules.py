"""Whose signature counts. Pure: decisions and the parts of now come in, where each stage stands comes out.

A decision counts while the digests of the parts its stage covers are what they were when it was signed. Nothing is ever
marked void: a job that marks could fail to, or mark too much (docs/decisions/0006).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from approvals.choices import News, Verdict

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
    instead_of: str = ""
    """Whose part it was, where that person handed it on."""
    giver: int | None = None

    @property
    def seat(self) -> int:
        """Whose part this is: the signer's own, or that of who handed it to them."""
        return self.giver or self.person

    @property
    def signature(self) -> str:
        return f"{self.name} for {self.instead_of}" if self.instead_of else self.name


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
    """Every stage, where one person counts once per release: in the stage of their newest signature that stands. So
    does one seat in its stage, whoever signed from it: a part taken back later is not a second signature.
    """
    alone = [standing(decisions, current_parts, stage, authors=authors) for stage in stages]
    newest: dict[int, int] = {}
    seats: dict[tuple[int, int], int] = {}
    granted = [one for each in alone for one in each.granted]
    for signed in granted:
        newest[signed.person] = max(newest.get(signed.person, 0), signed.id)
        seats[signed.stage, signed.seat] = max(seats.get((signed.stage, signed.seat), 0), signed.id)
    yielding = {one.id for one in granted if one.id != newest[one.person] or one.id != seats[one.stage, one.seat]}
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
    handed_to: str = "",
) -> str:
    """Why this person may not sign this stage, or nothing. `in_team`: as a member, or because one handed their part
    to them. `own_work` maps people to what of the release is theirs, `handed_to` is to whom they handed their part.
    """
    if not is_active:
        return "This account is no longer active."
    if not in_team:
        return f"Only the team that is asked signs for {stage.name}."
    if not is_approver:
        return "Only an approver of this product signs."
    if person in own_work:
        return f"Nobody signs their own work: you {own_work[person]}."
    if handed_to:
        return f"You handed your part to {handed_to}; take it back to decide yourself."
    for other in standings:
        if other.stage.id != stage.id and any(one.person == person for one in other.granted):
            return f"You signed for {other.stage.name} already, and one person counts once per release."
    return ""


def may_not_hand_on(*, stage: StageFacts, may_not_sign: str, in_team: bool, has_decided: bool) -> str:
    """Why this person may not hand their part of `stage` to somebody else, or nothing."""
    if may_not_sign:
        return may_not_sign
    if not in_team:
        return f"What was handed to you is not handed on; only {stage.name} itself chooses who signs for it."
    if has_decided:
        return "You decided already, and that counts; take it back first."
    return ""


def news(signed: Parts, told: Parts, now: Parts, wording: Collection[str], covers: Collection[str] = ()) -> News | None:
    """What somebody has to hear who signed `signed` and was last told of `told`, now that it is `now`; None: nothing.

    Only parts that their stage covers matter. `wording` names parts whose words are not those they were told.
    """
    falls = changed(signed, now, covers)
    if falls:
        return News.FELL if changed(told, now, covers) else None
    if changed(signed, told, covers):
        return News.STANDS
    return News.WORDING if any(not covers or name in covers for name in wording) else None


SETTLES = timedelta(seconds=15)
"""How long a release stays as it is before those are told whose decision fell: several quick edits are one mail."""
WORDS_SETTLE = timedelta(minutes=5)
"""The same for a change of mere words, about which nothing has to be done."""
AT_LATEST = timedelta(minutes=2)
"""Who keeps editing does not keep it from them for longer than that."""


def is_settled(found: Collection[News], *, seen_at: datetime, since: datetime, now: datetime) -> bool:
    """Whether the time to tell `found` has come: it is so since `seen_at`, and different from what is known `since`."""
    if set(found) <= {News.WORDING}:
        return now - seen_at >= WORDS_SETTLE
    return now - seen_at >= SETTLES or now - since >= AT_LATEST
