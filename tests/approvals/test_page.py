"""The approval page: reading decides nothing, and only the session of who is asked decides."""

from collections.abc import Callable

import pytest
from django.test import Client

from approvals.actions import add_item, submit_release, tick_item
from approvals.case import Case
from approvals.choices import Verdict
from approvals.models import Decision, Policy, SignoffRequest, Tick
from approvals.today import work
from core import clock
from core.choices import RoleKind
from core.errors import Forbidden, Refused
from core.models import AuditEntry, Product, User
from releases.actions import change_release, report_check
from releases.models import Build, Release
from tests.approvals.test_signing import gates, sign

BrowserOf = Callable[[User], Client]


@pytest.fixture
def asked(release: Release, policy: Policy, rhea: User) -> SignoffRequest:
    submit_release(release=release, actor=rhea)
    return SignoffRequest.objects.get(stage__name="Business")


def sent(asked: SignoffRequest, verdict: str = "approve", **more: str) -> dict[str, str]:
    return {"verdict": verdict, "seal": Case(asked.release).digest, **more}


def test_bea_reads_one_page_and_signs(asked: SignoffRequest, bea: User, browser_of: BrowserOf) -> None:
    browser, address = browser_of(bea), f"/approve/{asked.pk}/"
    assert [row.url for row in work(bea, clock.now())] == [address]
    page = browser.get(address).content.decode()
    for words in (
        "Your signature, for Business:",
        "Typo-tolerant search",
        "One click, to 1.9.4.",
        "Sign as Bea Okafor, Business",
        "Quinn Hale, QA",
        Case(asked.release).digest,
    ):
        assert words in page
    assert " checked" not in page
    answer = browser.post(address, sent(asked))
    assert (answer.status_code, answer["Location"]) == (303, address)
    assert "You signed for Business:" in browser.get(address).content.decode()
    assert work(bea, clock.now()) == []


def test_what_changed_since_the_signature_is_shown(
    asked: SignoffRequest, release: Release, bea: User, rhea: User, browser_of: BrowserOf
) -> None:
    sign(asked, bea)
    change_release(release=release, actor=rhea, way_back="By hand, in two hours.", summary="Find more.")
    page = browser_of(bea).get(f"/approve/{asked.pk}/").content.decode()
    assert "Your signature again, for Business:" in page
    assert "<del>One click, to 1.9.4. No data is lost.</del>" in page and "<ins>By hand, in two hours.</ins>" in page
    assert "wording" in page and "candidate" in page


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("signed_in", [True, False])
def test_p6_a_scanner_that_follows_every_link_decides_nothing(
    method: str, signed_in: bool, asked: SignoffRequest, bea: User, browser_of: BrowserOf
) -> None:
    browser = browser_of(bea) if signed_in else Client()
    entries = AuditEntry.objects.count()
    for query in ("", "?verdict=approve", f"?verdict=approve&seal={Case(asked.release).digest}"):
        answer = getattr(browser, method)(f"/approve/{asked.pk}/{query}")
        assert answer.status_code == (200 if signed_in else 302)
    for address in (f"/approve/{asked.pk}/revoke/", f"/releases/{asked.release_id}/submit/"):
        assert getattr(browser, method)(address).status_code == (405 if signed_in else 302)
    assert not Decision.objects.exists() and AuditEntry.objects.count() == entries


def test_p6_a_press_without_session_or_csrf_decides_nothing(
    asked: SignoffRequest, bea: User, browser_of: BrowserOf
) -> None:
    assert Client().post(f"/approve/{asked.pk}/", sent(asked)).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(bea)
    assert strict.post(f"/approve/{asked.pk}/", sent(asked)).status_code == 403
    assert not Decision.objects.exists()


def test_p6_a_forwarded_mail_shows_others_nothing_or_no_form(
    asked: SignoffRequest, otto: User, tomas: User, browser_of: BrowserOf
) -> None:
    address = f"/approve/{asked.pk}/"
    assert browser_of(otto).get(address).status_code == 404
    assert browser_of(otto).post(address, sent(asked)).status_code == 404
    page = browser_of(tomas).get(address).content.decode()
    assert "Waiting for Business:" in page and "Sign as" not in page
    assert browser_of(tomas).post(address, sent(asked)).status_code == 403
    assert not Decision.objects.exists()


def test_p4_a_page_that_is_out_of_date_is_shown_anew_and_signs_nothing(
    asked: SignoffRequest, release: Release, bea: User, rhea: User, browser_of: BrowserOf
) -> None:
    stale = sent(asked, reason="looks fine")
    change_release(release=release, actor=rhea, way_back="None.")
    answer = browser_of(bea).post(f"/approve/{asked.pk}/", stale)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "It changed while you read." in page and "looks fine" in page
    assert Case(Release.objects.get(pk=release.pk)).digest in page
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    "given", [{}, {"verdict": "refuse"}, {"verdict": "yes"}, {"verdict": "refuse", "reason": "\0"}]
)
def test_p12_half_a_decision_is_a_form_error(
    given: dict[str, str], asked: SignoffRequest, bea: User, browser_of: BrowserOf
) -> None:
    answer = browser_of(bea).post(f"/approve/{asked.pk}/", {"seal": Case(asked.release).digest, **given})
    assert answer.status_code == 422 and "Not done." in answer.content.decode()
    assert not Decision.objects.exists()


def test_a_signature_is_taken_back_with_a_reason(asked: SignoffRequest, bea: User, browser_of: BrowserOf) -> None:
    sign(asked, bea)
    browser = browser_of(bea)
    assert "Take my signature back" in browser.get(f"/approve/{asked.pk}/").content.decode()
    assert browser.post(f"/approve/{asked.pk}/revoke/", {"reason": ""}).status_code == 422
    assert browser.post(f"/approve/{asked.pk}/revoke/", {"reason": "numbers"}).status_code == 303
    assert Decision.objects.first().verdict == Verdict.REVOKE  # type: ignore[union-attr]
    assert not gates(asked.release)["Business"].is_open


def test_the_release_page_asks_and_shows_who_signed(
    release: Release, policy: Policy, rhea: User, bea: User, otto: User, browser_of: BrowserOf
) -> None:
    browser, address = browser_of(rhea), f"/releases/{release.pk}/"
    assert "Ask for sign-off" in browser.get(address).content.decode()
    assert browser_of(otto).post(f"{address}submit/").status_code == 404
    assert browser_of(bea).post(f"{address}submit/").status_code == 403
    assert browser.post(f"{address}submit/").status_code == 303
    page = browser.get(address).content.decode()
    assert "Ask for sign-off" not in page and "Bea Okafor, Business" in page


def test_the_checklist_is_ticked_by_its_team_and_by_checks(
    storefront: Product, release: Release, policy: Policy, build: Build, rhea: User, bea: User, emil: User, quinn: User
) -> None:
    from approvals.gates import checklist
    from releases.gates import GateState, Question

    def state() -> tuple[GateState, str]:
        (gate,) = checklist(Question(release=release, now=clock.now()))
        return gate.state, gate.sentence

    assert state() == (GateState.OPEN, "Nothing is on the checklist.")
    business = storefront.teams.get(name="Business")
    by_hand = add_item(release=release, text="Support knows", team=business, actor=rhea)
    auto = add_item(release=release, text="Regression", team=business, check_kind="regression", actor=rhea)
    assert state() == (GateState.WAITING, "0 of 2 ticked; missing: Support knows and 1 more.")
    with pytest.raises(Forbidden):
        tick_item(item=by_hand, actor=quinn, evidence="x")
    with pytest.raises(Refused, match="ticks itself"):
        tick_item(item=auto, actor=bea, evidence="x")
    with pytest.raises(Refused, match="where this can be seen"):
        tick_item(item=by_hand, actor=bea)
    tick_item(item=by_hand, actor=bea, evidence="mail of Monday")
    assert "Monday" not in str(vars(Tick.objects.get()))
    report_check(build=build, kind="regression", status="fail", actor=emil)
    assert state() == (GateState.BLOCKED, "1 of 2 ticked; failed: Regression.")
    report_check(build=build, kind="regression", status="pass", actor=emil)
    assert state() == (GateState.OPEN, "2 of 2 ticked, 1 of them by checks.")
    tick_item(item=by_hand, actor=bea, done=False)
    assert state()[0] is GateState.WAITING


def test_a_tick_by_form(
    release: Release, policy: Policy, rhea: User, bea: User, otto: User, browser_of: BrowserOf
) -> None:
    team = bea.teams.get()
    item = add_item(release=release, text="Support knows", team=team, actor=rhea)
    assert browser_of(otto).post(f"/checklist/{item.pk}/tick/", {"done": "on", "evidence": "x"}).status_code == 404
    assert browser_of(bea).post(f"/checklist/{item.pk}/tick/", {"done": "on", "evidence": ""}).status_code == 422
    assert browser_of(bea).post(f"/checklist/{item.pk}/tick/", {"done": "on", "evidence": "mail"}).status_code == 303
    assert Tick.objects.get().evidence.text == "mail"


def test_the_owner_alone_writes_policy_and_never_an_impossible_one(
    storefront: Product, policy: Policy, olga: User, rhea: User, release: Release
) -> None:
    from approvals.actions import StageSpec, set_policy

    team = storefront.teams.get(name="Business")
    with pytest.raises(Forbidden):
        set_policy(product=storefront, stages=[StageSpec(name="Business", team=team)], actor=rhea)
    for stages in ([], [StageSpec(name="B", team=team, quorum=2)], [StageSpec(name="B", team=team, covers=["x"])]):
        with pytest.raises(Refused):
            set_policy(product=storefront, stages=stages, actor=olga)
    submit_release(release=release, actor=rhea)
    before = Case(release).digest
    newer = set_policy(product=storefront, stages=[StageSpec(name="Business", team=team)], actor=olga)
    assert newer.version == 2 and Case(release).policy == policy and Case(release).digest == before


def test_a_viewer_of_the_product_reads_only(storefront: Product, asked: SignoffRequest, browser_of: BrowserOf) -> None:
    viewer = User.objects.create_user("vera@example.com", name="Vera Lang")
    viewer.roles.create(product=storefront, kind=RoleKind.VIEWER)
    page = browser_of(viewer).get(f"/approve/{asked.pk}/")
    assert page.status_code == 200 and "<textarea" not in page.content.decode()
