"""P6: whatever follows or presses every address of every mail decides nothing; who signs in lands on the page."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils.html import escape

from approvals.actions import answer, ask, delegate, remind, submit_release
from approvals.case import Case
from approvals.models import Decision, Delegation, Policy, Remark, SignoffRequest
from core.choices import RoleKind
from core.models import AuditEntry, OutboxMessage, User
from releases.actions import change_release
from releases.models import Release
from tests.approvals.test_signing import gates, sign
from tests.approvals.world import World
from tests.cast import PASSWORD

BrowserOf = Callable[[User], Client]
ADDRESS = re.compile(r"http://localhost:8000(/[^\s\"<)]*)")
KINDS = {
    "signoff",
    "signoff_reminder",
    "signoff_changed",
    "signoff_stages",
    "signoff_question",
    "signoff_answer",
    "decision",
}


@pytest.fixture
def mailed(world: World) -> World:
    """One mail of every kind that this room sends."""
    change_release(release=world.release, way_back="By hand.", actor=world.rhea)
    world.settle()
    submit_release(release=world.fresh, actor=world.rhea)
    answer(question=ask(request=world.asked("Business"), person=world.bea, text="Why?"), actor=world.rhea, text="So.")
    remind(release=world.fresh, actor=world.rhea)
    dora = User.objects.create_user("dora@example.com", name="Dora Falk")
    dora.roles.create(product=world.release.product, kind=RoleKind.APPROVER)
    delegate(request=world.asked("Business"), person=world.bea, to=dora)
    world.sign("Business", dora, "condition", "watched at 5 %")
    return world


def addresses(message: OutboxMessage) -> set[str]:
    return {found.rstrip(".,") for found in ADDRESS.findall(message.text + message.html)}


def facts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Decision, Delegation, Remark, AuditEntry, OutboxMessage))


def test_p6_no_address_of_any_mail_decides_anything(mailed: World) -> None:
    mails = list(OutboxMessage.objects.select_related("recipient"))
    assert {mail.kind for mail in mails} >= KINDS
    before = facts()
    pressed = {"verdict": "approve", "seal": mailed.case.digest, "text": "x", "to": str(mailed.quinn.pk)}
    paths = {address.partition("#")[0] for mail in mails for address in addresses(mail)}
    presses = ("", "revoke/", "ask/", "delegate/", "take-back/")
    for path in [page + press for page in paths for press in (presses if "/approve/" in page else ("",))]:
        assert "?" not in path and "token" not in path, "a plain address, never a credential"
        scanner, strict = Client(), Client(enforce_csrf_checks=True)
        met = [scanner.get(path), scanner.head(path), scanner.post(path, pressed), strict.post(path, pressed)]
        assert {one.status_code for one in met} <= {302, 403}, path
        assert "sessionid" not in scanner.cookies and "sessionid" not in strict.cookies
        assert facts() == before, path


def test_p6_reading_while_signed_in_and_pressing_without_the_token_decides_nothing(
    mailed: World, browser_of: BrowserOf
) -> None:
    before = facts()
    for person in (mailed.bea, mailed.rhea, mailed.ines):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(person)
        mails = OutboxMessage.objects.filter(recipient=person)
        for path in sorted({address.partition("#")[0] for mail in mails for address in addresses(mail)}):
            assert browser_of(person).get(path).status_code == 200
            assert browser_of(person).head(path).status_code == 200
            assert strict.post(path, {"verdict": "approve", "seal": mailed.case.digest}).status_code in {403, 405}
    assert facts() == before


def test_every_mail_says_the_same_in_text_and_html(mailed: World) -> None:
    for mail in OutboxMessage.objects.select_related("recipient"):
        assert mail.text.strip() and mail.html, mail.kind
        in_text = {address for address in addresses(mail) if address.partition("#")[0] in mail.text and address != "/"}
        assert in_text and all(f'href="http://localhost:8000{address}"' in mail.html for address in in_text), mail.kind
        for part in (mail.text, mail.html):
            assert "{{" not in part and "{%" not in part and "None" not in part, mail.kind
        assert "signs nothing" in mail.text
        assert escape(mail.subject) in mail.html


@pytest.fixture
def asked(release: Release, policy: Policy, rhea: User) -> SignoffRequest:
    submit_release(release=release, actor=rhea)
    return SignoffRequest.objects.get(stage__name="Business")


def test_signing_in_from_the_mail_lands_on_the_page_and_three_taps_sign(asked: SignoffRequest, bea: User) -> None:
    """Open, choose, sign: with a session. Without one, signing in comes between, and leads back."""
    browser, page = Client(), f"/approve/{asked.pk}/"
    [address] = [one for one in addresses(OutboxMessage.objects.get(recipient=bea)) if one not in {"/", "/me/"}]
    assert address == page
    login = browser.get(address)
    assert login.status_code == 302 and login["Location"] == f"/login/?next={page}"
    landed = browser.post(login["Location"], {"username": bea.email, "password": PASSWORD})
    assert (landed.status_code, landed["Location"]) == (302, page)
    form = browser.get(page).content.decode()
    seal = re.search(r'name="seal" value="([0-9a-f]{64})"', form)
    assert seal and browser.post(page, {"verdict": "approve", "seal": seal[1]}).status_code == 303
    assert gates(asked.release)["Business"].is_open


def test_p6_a_mail_forwarded_to_another_approver_shows_no_form(
    asked: SignoffRequest, quinn: User, otto: User, browser_of: BrowserOf
) -> None:
    page = f"/approve/{asked.pk}/"
    shown = browser_of(quinn).get(page)
    assert shown.status_code == 200 and "Only the team that is asked signs for Business." in shown.text
    assert "<form" not in shown.text and "Sign as" not in shown.text
    given = {"verdict": "approve", "seal": Case(asked.release).digest}
    assert browser_of(quinn).post(page, given).status_code == 403
    for path in (page, f"{page}?part=others", f"{page}?part=stale&seal=x"):
        assert browser_of(otto).get(path).status_code == 404
    for path in ("ask/", "delegate/", "take-back/", "revoke/"):
        assert browser_of(otto).post(page + path, {"text": "x"}).status_code == 404
    assert not Decision.objects.exists()


def test_a_mail_that_cannot_be_delivered_stands_beside_who_is_asked(
    asked: SignoffRequest, bea: User, rhea: User, browser_of: BrowserOf
) -> None:
    mine = OutboxMessage.objects.filter(recipient=bea, kind="signoff")
    mine.update(failed_at=asked.asked_at, error="550 no such person")
    page = browser_of(rhea).get(f"/releases/{asked.release_id}/").content.decode()
    assert "mail could not be delivered" in page
    assert gates(asked.release)["Business"].sentence == "Not signed yet. No mail reaches Bea Okafor."
    mine.update(failed_at=None)
    assert gates(asked.release)["Business"].sentence == "Not signed yet."
    sign(asked, bea)
