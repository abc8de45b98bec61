"""The gates of this room over real rows: what each says, what it holds, and that asking costs the same for many."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.models import Product, User
from flags.models import Flag
from releases import actions, gates
from releases.gates import Gate, GateState, OnClose, Question
from releases.models import Build, Release, Slot
from tests.releases.conftest import OTHER_DIGEST, Ship

Ask = Callable[..., Question]
OURS = [gates.scope, gates.flag_coverage, gates.candidate, gates.running_build, gates.freeze]


def said(found: list[Gate]) -> tuple[GateState, str]:
    [gate] = found
    return gate.state, gate.sentence


def test_all_gates_of_a_whole_release_are_open(ship: Ship, question_of: Ask) -> None:
    found = [gate for ask in OURS for gate in ask(question_of(ship.release))]
    assert [(gate.key, gate.sentence) for gate in found] == [
        ("scope", "1 feature agreed, with a way back."),
        ("flag_coverage", "1 of 1 feature has a flag."),
        ("candidate", "2.0.3 passed its regression suite."),
        ("running_build", "2.0.3 runs in production green, by its deployment record."),
        ("freeze", "No freeze."),
    ]
    assert all(gate.is_open for gate in found)
    assert [gate.who for gate in found] == ["Rhea Lind", "by itself", "Emil Sand", "Emil Sand", "the calendar"]


def test_an_empty_release_waits_for_everything(release: Release, question_of: Ask) -> None:
    found = [gate for ask in OURS[:4] for gate in ask(question_of(release))]
    assert [gate.state for gate in found] == [GateState.WAITING] * 4
    assert [gate.sentence for gate in found][2] == "Storefront has no build yet."


def test_a_flag_that_lost_its_claim_closes_flag_coverage(ship: Ship, question_of: Ask) -> None:
    Flag.objects.filter(pk=ship.flag.pk).update(claim="release:999")
    assert said(gates.flag_coverage(question_of(ship.release)))[0] is GateState.BLOCKED


def test_a_failing_check_closes_the_candidate(ship: Ship, emil: User, question_of: Ask) -> None:
    actions.report_check(build=ship.build, kind="regression", status="fail", actor=emil)
    assert said(gates.candidate(question_of(ship.release))) == (
        GateState.BLOCKED,
        "The regression suite failed on 2.0.3.",
    )
    actions.report_check(build=ship.build, kind="security", status="fail", actor=emil)
    actions.report_check(build=ship.build, kind="regression", status="pass", actor=emil)
    assert said(gates.candidate(question_of(ship.release)))[0] is GateState.OPEN


def test_p1_what_is_pinned_must_be_the_candidate(ship: Ship, storefront: Product, question_of: Ask) -> None:
    pinned = {storefront.pk: ship.build.digest}
    assert said(gates.candidate(question_of(ship.release, digests=pinned)))[0] is GateState.OPEN
    assert said(gates.candidate(question_of(ship.release, digests={storefront.pk: OTHER_DIGEST}))) == (
        GateState.BLOCKED,
        "The candidate of Storefront is not the build that was signed.",
    )


def test_p1_another_build_in_the_slot_holds_growth(
    ship: Ship, storefront: Product, other_build: Build, emil: User, question_of: Ask
) -> None:
    pinned = {storefront.pk: ship.build.digest}
    assert said(gates.running_build(question_of(ship.release, digests=pinned)))[0] is GateState.OPEN
    actions.set_status(release=ship.release, status="rollout", actor=emil)
    actions.register_deployment(build=other_build, environment=ship.slot.environment, slot=ship.slot, actor=emil)
    [gate] = gates.running_build(question_of(ship.release, digests=pinned))
    assert (gate.state, gate.on_close) == (GateState.BLOCKED, OnClose.HOLD)
    assert gate.sentence == "What runs is not the signed build 2.0.3: production has 2.0.4 in production green."


@pytest.mark.parametrize(
    ("digest", "age", "state"),
    [
        ("", None, GateState.WAITING),
        ("right", 5, GateState.OPEN),
        ("right", 59, GateState.OPEN),
        ("right", 61, GateState.WAITING),
        ("wrong", 5, GateState.BLOCKED),
    ],
)
def test_p1_a_slot_that_can_be_asked_must_say_so_itself(
    ship: Ship, question_of: Ask, digest: str, age: int | None, state: GateState
) -> None:
    question = question_of(ship.release)
    Slot.objects.filter(pk=ship.slot.pk).update(
        version_url="http://green.example/version",
        observed_digest={"right": ship.build.digest, "wrong": OTHER_DIGEST}.get(digest, ""),
        observed_at=None if age is None else question.now - timedelta(seconds=age),
    )
    assert said(gates.running_build(question))[0] is state


def test_p1_a_freeze_holds_and_lifts_itself(ship: Ship, storefront: Product, rhea: User, question_of: Ask) -> None:
    now = clock.now()
    freeze = actions.add_freeze(
        product=storefront,
        reason="Black Friday",
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=1),
        actor=rhea,
    )
    [gate] = gates.freeze(question_of(ship.release))
    assert (gate.state, gate.on_close) == (GateState.WAITING, OnClose.HOLD)
    assert gate.sentence.startswith("Frozen until ") and gate.sentence.endswith(": Black Friday.")
    after = Question(release=ship.release, now=now + timedelta(hours=1))
    assert said(gates.freeze(after)) == (GateState.OPEN, "No freeze.")
    actions.lift_freeze(freeze=freeze, actor=rhea)
    assert said(gates.freeze(question_of(ship.release)))[0] is GateState.OPEN


def test_asking_costs_the_same_for_one_feature_and_for_many(
    ship: Ship, rhea: User, emil: User, question_of: Ask, flag_of: Callable[[str], Flag]
) -> None:
    def cost() -> list[int]:
        release = Release.objects.select_related("product", "manager").get(pk=ship.release.pk)
        counts = []
        for ask in OURS:
            with CaptureQueriesContext(connection) as queries:
                ask(question_of(release))
            counts.append(len(queries))
        return counts

    before = cost()
    previous = ship.feature
    for number in range(6):
        feature = actions.add_feature(
            release=ship.release, name=f"Feature {number}", owner=emil, actor=rhea, flags=[flag_of(f"flag-{number}")]
        )
        actions.link_features(feature=feature, other=previous, kind="after", actor=rhea)
        previous = feature
    assert cost() == before
