"""Asking and deciding, through PostgreSQL."""

import threading

import pytest
from django.db import connection

from approvals.actions import add_item, decide, submit_release, tick_item
from approvals.case import Case
from approvals.choices import Verdict
from approvals.gates import signoff
from approvals.models import Decision, Policy, Seal, SignoffRequest
from core import clock
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import AuditEntry, OutboxMessage, Product, User
from releases.actions import change_feature, change_release, register_build, set_candidate
from releases.gates import Gate, GateState, Question
from releases.models import Build, Release


def gates(release: Release, seal: str | None = None) -> dict[str, Gate]:
    fresh = Release.objects.get(pk=release.pk)
    found = signoff(Question(release=fresh, now=clock.now(), seal=seal))
    return {gate.name.removeprefix("Sign-off: "): gate for gate in found}


def sign(request: SignoffRequest, person: User, verdict: Verdict = Verdict.APPROVE, reason: str = "") -> Decision:
    digest = Case(Release.objects.get(pk=request.release_id)).digest
    return decide(request=request, person=person, verdict=verdict, seal_digest=digest, reason=reason)


def asked(release: Release, stage: str) -> SignoffRequest:
    return SignoffRequest.objects.get(release=release, stage__name=stage)


def test_stages_of_the_lowest_order_are_asked_first_and_by_mail(
    release: Release, policy: Policy, rhea: User, bea: User, quinn: User
) -> None:
    requests = submit_release(release=release, actor=rhea)
    assert {request.stage.name for request in requests} == {"Business", "QA"}
    release.refresh_from_db()
    assert release.status == "signoff"
    mails = OutboxMessage.objects.filter(kind="signoff")
    assert {mail.recipient for mail in mails} == {bea, quinn}
    mine = mails.get(recipient=bea)
    assert f"/approve/{asked(release, 'Business').pk}/" in mine.text
    assert "2.0.2" in mine.text and "signs nothing" in mine.text
    assert gates(release)["Compliance"].sentence == "Asked once Business and QA signed."


def test_later_stages_are_asked_once_the_earlier_ones_signed(
    release: Release, policy: Policy, rhea: User, bea: User, quinn: User, ines: User
) -> None:
    submit_release(release=release, actor=rhea)
    sign(asked(release, "Business"), bea)
    assert not SignoffRequest.objects.filter(stage__name="Compliance").exists()
    sign(asked(release, "QA"), quinn, Verdict.CONDITION, "empty results are watched at 5 %")
    sign(asked(release, "Compliance"), ines)
    found = gates(release)
    assert [gate.state for gate in found.values()] == [GateState.OPEN] * 3
    assert found["QA"].sentence == "Approved, if empty results are watched at 5 %."
    assert found["Business"].who == "Bea Okafor"


def test_asking_again_tells_nobody_twice(release: Release, policy: Policy, rhea: User) -> None:
    submit_release(release=release, actor=rhea)
    before = OutboxMessage.objects.count(), AuditEntry.objects.count()
    submit_release(release=release, actor=rhea)
    assert (OutboxMessage.objects.count(), AuditEntry.objects.count()) == before


def test_p4_a_material_change_voids_the_stages_that_cover_it_and_asking_again_reaches_them(
    release: Release, policy: Policy, rhea: User, bea: User, quinn: User
) -> None:
    submit_release(release=release, actor=rhea)
    sign(asked(release, "Business"), bea)
    sign(asked(release, "QA"), quinn)
    change_release(release=release, actor=rhea, way_back="By hand, in two hours.")
    found = gates(release)
    assert found["Business"].sentence == "Bea Okafor signed, but changed since: way back."
    assert found["QA"].state is GateState.OPEN
    submit_release(release=release, actor=rhea)
    again = OutboxMessage.objects.get(recipient=bea, subject__startswith="Please sign again")
    assert "Way back" in again.text
    sign(asked(release, "Business"), bea)
    assert gates(release)["Business"].state is GateState.OPEN


def test_p4_a_cosmetic_change_voids_nothing_and_what_was_read_stays_readable(
    release: Release, policy: Policy, rhea: User, bea: User
) -> None:
    submit_release(release=release, actor=rhea)
    decision = sign(asked(release, "Business"), bea)
    change_feature(feature=release.features.get(), actor=rhea, description="finds jacket")
    assert gates(release)["Business"].state is GateState.OPEN
    again = sign(asked(release, "Business"), bea, Verdict.CONDITION, "typos stay fixed")
    assert again.seal.digest == decision.seal.digest and again.seal != decision.seal
    assert "jaket" in str(decision.seal.parts) and "jaket" not in str(again.seal.parts)


def test_p4_a_new_candidate_voids_who_covers_it(
    release: Release, policy: Policy, rhea: User, bea: User, quinn: User, ines: User, emil: User, next_build: Build
) -> None:
    submit_release(release=release, actor=rhea)
    for stage, person in (("Business", bea), ("QA", quinn), ("Compliance", ines)):
        sign(asked(release, stage), person)
    set_candidate(release=release, build=next_build, actor=emil)
    states = {name: gate.state for name, gate in gates(release).items()}
    assert states == {"Business": GateState.WAITING, "QA": GateState.WAITING, "Compliance": GateState.OPEN}


def test_p4_a_longer_checklist_is_a_change_and_a_tick_is_not(
    release: Release, policy: Policy, rhea: User, bea: User
) -> None:
    before = Case(release).digest
    item = add_item(release=release, text="Support knows", team=policy.stages.all()[0].team, actor=rhea)
    after = Case(release).digest
    assert before != after
    tick_item(item=item, actor=bea, evidence="mail of Monday")
    assert Case(release).digest == after


def test_p4_what_changed_while_it_was_read_cannot_be_signed(
    release: Release, policy: Policy, rhea: User, bea: User
) -> None:
    submit_release(release=release, actor=rhea)
    read = Case(release).digest
    change_release(release=release, actor=rhea, way_back="None.")
    with pytest.raises(Conflict, match="changed while you read"):
        decide(request=asked(release, "Business"), person=bea, verdict=Verdict.APPROVE, seal_digest=read)
    assert not Decision.objects.exists()


def test_p4_a_rollout_keeps_only_the_seal_it_pinned(release: Release, policy: Policy, rhea: User, bea: User) -> None:
    submit_release(release=release, actor=rhea)
    pinned = Case(release).digest
    assert "Approval digest" not in gates(release, pinned)
    change_release(release=release, actor=rhea, way_back="None.")
    gate = gates(release, pinned)["Approval digest"]
    assert gate.state is GateState.BLOCKED and gate.on_close == "pause"


@pytest.mark.parametrize("who", ["tomas", "rhea", "emil", "quinn"])
def test_p5_only_the_teams_approvers_sign(
    who: str, release: Release, policy: Policy, rhea: User, tomas: User, request: pytest.FixtureRequest
) -> None:
    submit_release(release=release, actor=rhea)
    with pytest.raises(Forbidden):
        sign(asked(release, "Business"), request.getfixturevalue(who))


@pytest.mark.parametrize("work", ["feature", "build", "candidate"])
def test_p5_nobody_signs_their_own_work(
    work: str, storefront: Product, release: Release, policy: Policy, rhea: User, bea: User
) -> None:
    if work == "feature":
        change_feature(feature=release.features.get(), actor=rhea, owner=bea)
    else:
        bea.roles.create(product=storefront, kind=RoleKind.ENGINEER)
        mine, _ = (
            register_build(
                product=storefront, version="2.0.4", digest=f"sha256:{'c' * 64}", actor=bea if work == "build" else rhea
            )
            if work == "build"
            else (None, False)
        )
        chosen = mine or release.candidates.get().build
        assert chosen
        if work == "candidate":
            release.candidates.update(set_by=bea)
        else:
            set_candidate(release=release, build=chosen, actor=rhea)
    submit_release(release=release, actor=rhea)
    with pytest.raises(Forbidden, match="own work"):
        sign(asked(release, "Business"), bea)
    assert gates(release)["Business"].state is GateState.BLOCKED
    assert not OutboxMessage.objects.filter(recipient=bea, kind="signoff").exists()


def test_p5_the_manager_does_not_sign_though_in_the_team(
    storefront: Product, release: Release, policy: Policy, rhea: User
) -> None:
    rhea.roles.create(product=storefront, kind=RoleKind.APPROVER)
    storefront.teams.get(name="Business").members.add(rhea)
    submit_release(release=release, actor=rhea)
    with pytest.raises(Forbidden, match="own work"):
        sign(asked(release, "Business"), rhea)


def test_p5_one_person_in_two_teams_counts_once(
    storefront: Product, release: Release, policy: Policy, rhea: User, bea: User
) -> None:
    storefront.teams.get(name="QA").members.add(bea)
    submit_release(release=release, actor=rhea)
    sign(asked(release, "Business"), bea)
    with pytest.raises(Forbidden, match="counts once"):
        sign(asked(release, "QA"), bea)


def test_p7_decisions_and_seals_are_only_added(release: Release, policy: Policy, rhea: User, bea: User) -> None:
    submit_release(release=release, actor=rhea)
    decision = sign(asked(release, "Business"), bea, Verdict.REFUSE, "not before Friday")
    assert "not before Friday" not in str(vars(decision))
    for sql in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"):
        for table in ("approvals_decision", "approvals_seal", "approvals_tick"):
            with pytest.raises(Exception, match="permission denied"), connection.cursor() as cursor:
                cursor.execute("SAVEPOINT p7")
                try:
                    cursor.execute(sql.format(table))
                finally:
                    cursor.execute("ROLLBACK TO SAVEPOINT p7")


def test_a_refusal_blocks_with_its_reason_until_it_is_withdrawn(
    release: Release, policy: Policy, rhea: User, bea: User
) -> None:
    submit_release(release=release, actor=rhea)
    request = asked(release, "Business")
    sign(request, bea, Verdict.REFUSE, "not before Friday")
    gate = gates(release)["Business"]
    assert gate.state is GateState.BLOCKED and gate.sentence == "Refused: “not before Friday”."
    assert "not before Friday" in OutboxMessage.objects.get(recipient=rhea, kind="decision").text
    sign(request, bea)
    assert gates(release)["Business"].state is GateState.OPEN
    sign(request, bea, Verdict.REVOKE, "the numbers were wrong")
    assert gates(release)["Business"].sentence == "Bea Okafor took the signature back."
    with pytest.raises(Conflict):
        sign(request, bea, Verdict.REVOKE, "again")


@pytest.mark.parametrize(
    ("verdict", "reason", "field"),
    [("", "", "verdict"), ("maybe", "x", "verdict"), ("refuse", " ", "reason"), ("condition", "", "reason")],
)
def test_p12_a_decision_that_says_too_little_changes_nothing(
    verdict: str, reason: str, field: str, release: Release, policy: Policy, rhea: User, bea: User
) -> None:
    submit_release(release=release, actor=rhea)
    with pytest.raises(Refused) as refused:
        decide(
            request=asked(release, "Business"),
            person=bea,
            verdict=verdict,
            reason=reason,
            seal_digest=Case(release).digest,
        )
    assert refused.value.field == field
    assert not Decision.objects.exists()


def test_a_team_too_small_for_its_quorum_blocks(
    storefront: Product, release: Release, policy: Policy, rhea: User, bea: User
) -> None:
    submit_release(release=release, actor=rhea)
    bea.is_active = False
    bea.save()
    gate = gates(release)["Business"]
    assert gate.state is GateState.BLOCKED and "nobody in Business" in gate.sentence


def test_what_is_not_ready_cannot_be_submitted(
    storefront: Product, release: Release, policy: Policy, rhea: User, tomas: User
) -> None:
    with pytest.raises(Forbidden):
        submit_release(release=release, actor=tomas)
    release.candidates.update(build=None)
    with pytest.raises(Refused, match="no candidate"):
        submit_release(release=release, actor=rhea)


@pytest.mark.fresh_db
def test_two_approvers_at_once_and_a_double_click_are_one_decision_each(
    release: Release, policy: Policy, rhea: User, bea: User, quinn: User, ines: User
) -> None:
    submit_release(release=release, actor=rhea)
    digest = Case(release).digest
    start, problems = threading.Barrier(4), []

    def click(person: User, stage: str) -> None:
        try:
            start.wait()
            decide(request=asked(release, stage), person=person, verdict=Verdict.APPROVE, seal_digest=digest)
        except Exception as error:
            problems.append(error)
        finally:
            connection.close()

    clicks = [(bea, "Business"), (quinn, "QA")] * 2
    threads = [threading.Thread(target=click, args=each) for each in clicks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert Decision.objects.count() == 2
    assert SignoffRequest.objects.filter(stage__name="Compliance").count() == 1
    assert OutboxMessage.objects.filter(recipient=ines, kind="signoff").count() == 1
    assert Seal.objects.filter(release=release).count() == 1
