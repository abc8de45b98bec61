"""One's own page: roles, password, sessions."""

from collections.abc import Callable

import pytest
from django.test import Client

from core.choices import RoleKind
from core.errors import Refused
from core.models import AuditEntry, Product, User
from core.rows import clean
from core.views.stream import _allowed
from tests.cast import PASSWORD
from tests.conftest import FreshDatabase

Browser = Callable[[User], Client]


def test_there_is_one_row_per_product(storefront: Product, bea: User, otto: User, browser_of: Browser) -> None:
    other = otto.roles.get().product
    for kind in (RoleKind.TESTER, RoleKind.VIEWER):
        bea.roles.create(product=storefront, kind=kind)
    bea.roles.create(product=other, kind=RoleKind.VIEWER)
    text = browser_of(bea).get("/me/").text
    assert text.count(">Storefront</a>") == text.count(">Back office</a>") == 1
    assert "in Business" in text and "Approver" in text and "Tester" in text


def test_signing_out_elsewhere_ends_every_other_session(
    fresh_db: FreshDatabase, storefront: Product, bea: User, browser_of: Browser
) -> None:
    here, there = browser_of(bea), browser_of(bea)
    heard = str(there.session.session_key)
    topic = f"product:{storefront.pk}"
    assert _allowed(heard, [topic]) == [topic]
    assert here.post("/me/sessions/").status_code == 303
    assert here.get("/me/").status_code == 200
    assert there.get("/me/").headers["Location"].startswith("/login/")
    assert _allowed(heard, [topic]) == [], "a stream that is open ends too"
    assert AuditEntry.objects.get(stream=f"person:{bea.pk}").action == "sessions_ended"


def test_another_password_ends_every_other_session(bea: User, browser_of: Browser) -> None:
    here, there = browser_of(bea), browser_of(bea)
    new = {"old_password": PASSWORD, "new_password1": "up-the-slipway-17", "new_password2": "up-the-slipway-17"}
    assert here.post("/me/password/", new).headers["Location"] == "/me/"
    assert here.get("/me/").status_code == 200
    assert there.get("/me/").status_code == 302
    bea.refresh_from_db()
    assert bea.check_password("up-the-slipway-17")


@pytest.mark.parametrize("name", ["Bea\n\nSign in at https://evil.example", "Bea\u2028x", "Bea\u202eaeb", "Bea\x1b[1m"])
def test_p12_a_name_is_one_line(name: str, bea: User, browser_of: Browser) -> None:
    """It stands in other people's mails, where its second line would be the mail's own."""
    answer = browser_of(bea).post("/me/", {"name": name, "timezone": "UTC", "theme": "dark"})
    assert answer.status_code == 422 and "one line" in answer.text
    with pytest.raises(Refused, match="one line"):
        clean(User(email="x@example.com", name=name, password="x"))
    bea.refresh_from_db()
    assert bea.name == "Bea Okafor"


def test_p12_a_password_that_does_not_hold_is_not_set(bea: User, browser_of: Browser) -> None:
    right = {"old_password": PASSWORD, "new_password1": "up-the-slipway-17", "new_password2": "up-the-slipway-17"}
    browser = browser_of(bea)
    for wrong in (
        {"old_password": "guessed"},
        {"new_password2": "something-else-17"},
        {"new_password1": "password", "new_password2": "password"},
        {"new_password1": "", "new_password2": ""},
    ):
        answer = browser.post("/me/password/", {**right, **wrong})
        assert answer.status_code == 422 and "field__error" in answer.text, wrong
    bea.refresh_from_db()
    assert bea.check_password(PASSWORD)


def test_a_session_of_before_does_not_come_back(bea: User, browser_of: Browser) -> None:
    """Ending the others twice does not revive the first."""
    here, there = browser_of(bea), browser_of(bea)
    here.post("/me/sessions/")
    here.post("/me/sessions/")
    assert there.get("/me/").status_code == 302 and here.get("/me/").status_code == 200
