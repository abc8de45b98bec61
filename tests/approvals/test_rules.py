"""Decision tables: no database."""

from datetime import UTC, datetime

import pytest

from approvals import rules
from approvals.choices import Verdict
from approvals.rules import Signed, StageFacts

NOW = {"features": "f1", "candidates": "c1", "plan": "p1"}
BUSINESS = StageFacts(id=1, name="Business")
QA = StageFacts(id=2, name="QA", covers=frozenset({"candidates"}))
BEA, QUINN = 10, 11


def signed(number: int, person: int = BEA, stage: int = 1, verdict: Verdict = Verdict.APPROVE, **parts: str) -> Signed:
    at = datetime(2026, 11, 20, 10, number, tzinfo=UTC)
    return Signed(
        id=number, stage=stage, person=person, name=str(person), verdict=verdict, parts={**NOW, **parts}, at=at
    )


@pytest.mark.parametrize(
    ("decisions", "granted"),
    [
        ([], False),
        ([signed(1)], True),
        ([signed(1, verdict=Verdict.CONDITION)], True),
        ([signed(1, verdict=Verdict.REFUSE)], False),
        ([signed(1), signed(2, verdict=Verdict.REVOKE)], False),
        ([signed(1), signed(2, verdict=Verdict.REVOKE), signed(3)], True),
        ([signed(1, verdict=Verdict.REFUSE), signed(2)], True),
        ([signed(1), signed(2, QUINN, verdict=Verdict.REFUSE)], False),
        ([signed(1, stage=2)], False),
        ([signed(1, plan="p0")], False),
        ([signed(1, plan="p0"), signed(2)], True),
        ([signed(1, verdict=Verdict.REFUSE, candidates="c0"), signed(2, QUINN)], True),
    ],
)
def test_the_newest_word_of_each_person_counts(decisions: list[Signed], granted: bool) -> None:
    assert rules.standing(decisions, NOW, BUSINESS).is_granted is granted


@pytest.mark.parametrize(("people", "granted"), [([BEA], False), ([BEA, BEA], False), ([BEA, QUINN], True)])
def test_p5_a_quorum_counts_people_not_decisions(people: list[int], granted: bool) -> None:
    two = StageFacts(id=1, name="Business", quorum=2)
    decisions = [signed(number, person) for number, person in enumerate(people, start=1)]
    assert rules.standing(decisions, NOW, two).is_granted is granted


@pytest.mark.parametrize(
    ("part", "changed_for"),
    [("features", {"Business"}), ("candidates", {"Business", "QA"}), ("plan", {"Business"})],
)
def test_p4_a_changed_part_voids_only_the_stages_that_cover_it(part: str, changed_for: set[str]) -> None:
    decisions = [signed(1), signed(2, QUINN, stage=2)]
    standings = rules.tally([BUSINESS, QA], decisions, {**NOW, part: "new"})
    assert {one.stage.name for one in standings if one.void} == changed_for
    assert all(one.void[0].changed == (part,) for one in standings if one.void)
    assert {one.stage.name for one in standings if one.is_granted} == {"Business", "QA"} - changed_for


def test_p4_a_part_that_came_or_went_is_a_change() -> None:
    assert rules.standing([signed(1)], {**NOW, "waivers": "w"}, BUSINESS).void[0].changed == ("waivers",)
    assert rules.standing([signed(1, waivers="w")], NOW, BUSINESS).void[0].changed == ("waivers",)


def test_p4_what_is_changed_back_exactly_is_what_was_signed() -> None:
    assert not rules.standing([signed(1)], {**NOW, "plan": "p2"}, BUSINESS).is_granted
    assert rules.standing([signed(1)], NOW, BUSINESS).is_granted


def test_p5_one_person_counts_once_per_release_in_the_stage_signed_last() -> None:
    business, qa = rules.tally([BUSINESS, QA], [signed(1), signed(2, BEA, stage=2)], NOW)
    assert not business.is_granted and business.elsewhere
    assert qa.is_granted


def test_p5_a_signature_that_stands_again_does_not_count_beside_a_newer_one() -> None:
    """Void for Business, Bea signed for QA; the plan is changed back: still one person."""
    decisions = [signed(1, plan="p1"), signed(2, BEA, stage=2, plan="p2")]
    standings = rules.tally([BUSINESS, QA], decisions, NOW)
    assert [one.is_granted for one in standings] == [False, True]


def test_p5_a_signature_of_who_became_an_author_does_not_count() -> None:
    (business,) = rules.tally([BUSINESS], [signed(1)], NOW, authors={BEA})
    assert not business.is_granted and business.own


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({}, ""),
        ({"is_active": False}, "no longer active"),
        ({"in_team": False}, "Only the team"),
        ({"is_approver": False}, "Only an approver"),
        ({"own_work": {BEA: "built 2.0.3"}}, "Nobody signs their own work: you built 2.0.3"),
        ({"own_work": {QUINN: "built 2.0.3"}}, ""),
    ],
)
def test_p5_who_may_not_sign_is_told_why(facts: dict[str, object], says: str) -> None:
    given = {"in_team": True, "is_approver": True, "is_active": True, "own_work": {}, **facts}
    no = rules.may_not_sign(person=BEA, stage=BUSINESS, **given)  # type: ignore[arg-type]
    assert says in no and bool(says) == bool(no)


def test_p5_who_signed_for_one_team_cannot_sign_for_another() -> None:
    standings = rules.tally([BUSINESS, QA], [signed(1)], NOW)
    given = {"in_team": True, "is_approver": True, "is_active": True, "own_work": {}, "standings": standings}
    assert "counts once" in rules.may_not_sign(person=BEA, stage=QA, **given)  # type: ignore[arg-type]
    assert rules.may_not_sign(person=BEA, stage=BUSINESS, **given) == ""  # type: ignore[arg-type]


def test_the_next_order_is_the_lowest_that_is_not_granted() -> None:
    later = StageFacts(id=3, name="Compliance", order=1)
    assert rules.next_order(rules.tally([BUSINESS, later], [], NOW)) == 0
    assert rules.next_order(rules.tally([BUSINESS, later], [signed(1)], NOW)) == 1
    assert rules.next_order(rules.tally([BUSINESS], [signed(1)], NOW)) is None
