"""P6: reading changes nothing, and nobody is logged in or out by following an address."""

import threading
import time
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client

from core.models import User
from tests.cast import PASSWORD

Browser = Callable[[User], Client]


@pytest.mark.parametrize("method", ["get", "head"])
def test_p6_an_address_cannot_log_in(rhea: User, client: Client, method: str) -> None:
    answer = getattr(client, method)(f"/login/?username={rhea.email}&password={PASSWORD}")
    assert answer.status_code == 200
    assert not Session.objects.exists()


def test_p6_an_address_cannot_log_out(rhea: User, browser_of: Browser) -> None:
    browser = browser_of(rhea)
    assert browser.get("/logout/").status_code == 405
    assert browser.get("/me/").status_code == 200
    assert browser.post("/logout/").status_code == 302
    assert browser.get("/me/").status_code == 302


def test_p6_a_link_in_a_mail_is_a_plain_address(rhea: User, client: Client) -> None:
    """Whoever follows it without a session meets the login page, and comes back to it afterwards."""
    answer = client.get("/me/")
    assert answer.headers["Location"] == "/login/?next=/me/"
    form = {"username": rhea.email, "password": PASSWORD, "next": "/me/"}
    assert client.post("/login/", form).headers["Location"] == "/me/"


def test_p6_signing_in_does_not_lead_elsewhere(rhea: User, client: Client) -> None:
    form = {"username": rhea.email, "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/login/", form).headers["Location"] == "/"


def test_p6_a_post_needs_the_csrf_token(rhea: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(rhea)
    assert client.post("/me/theme/").status_code == 403
    assert client.post("/login/", {"username": rhea.email, "password": PASSWORD}).status_code == 403


def sent(within: float = 5.0) -> EmailMessage:
    """The one mail that goes out, beside the request that asked for it."""
    until = time.monotonic() + within
    while not mail.outbox and time.monotonic() < until:
        time.sleep(0.01)
    (only,) = mail.outbox
    return only


def test_p6_opening_a_reset_link_changes_nothing(rhea: User, client: Client) -> None:
    client.post("/password/", {"email": rhea.email})
    address = next(line for line in str(sent().body).splitlines() if line.startswith("http"))
    before = User.objects.get(pk=rhea.pk).password
    for _ in range(3):
        client.get(address.split("localhost:8000")[-1], follow=True)
    assert User.objects.get(pk=rhea.pk).password == before


def test_p6_an_unknown_address_gets_the_same_answer(rhea: User, client: Client) -> None:
    known = client.post("/password/", {"email": rhea.email})
    unknown = client.post("/password/", {"email": "nobody@example.com"})
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    assert sent().to == [rhea.email]


def test_p6_how_long_the_answer_takes_does_not_tell_whether_an_address_is_known(
    rhea: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even with a mail server that does not answer."""
    done = threading.Event()
    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", lambda *_: done.wait(5))
    began = time.monotonic()
    assert client.post("/password/", {"email": rhea.email}).status_code == 302
    assert time.monotonic() - began < 2
    done.set()


@pytest.mark.parametrize("address", ["/login/", "/admin/login/"])
def test_guessing_passwords_is_throttled(rhea: User, client: Client, address: str) -> None:
    for name in ("rhea", "Rhea", "RHEA", "rheA", " rhea"):  # one person, however she is written
        last = client.post(address, {"username": f"{name}@example.com", "password": "wrong"})
    assert last.status_code == 429
    assert last.headers["Retry-After"] == "900"
    assert client.post(address, {"username": rhea.email, "password": PASSWORD}).status_code == 429


def test_guessing_one_password_locks_nobody_else_out(rhea: User, tomas: User, client: Client) -> None:
    for _ in range(6):
        client.post("/login/", {"username": rhea.email, "password": "wrong"})
    assert client.post("/login/", {"username": tomas.email, "password": PASSWORD}).status_code == 302


def test_a_wrong_password_is_a_4xx_that_says_so(rhea: User, client: Client) -> None:
    answer = client.post("/login/", {"username": rhea.email, "password": "wrong"})
    assert answer.status_code == 422
    assert "Not signed in." in answer.text


def test_the_theme_changes_by_post_and_comes_back_to_this_site_only(rhea: User, browser_of: Browser) -> None:
    browser = browser_of(rhea)
    assert browser.get("/me/theme/").status_code == 405
    assert browser.post("/me/theme/", {"next": "/me/"}).headers["Location"] == "/me/"
    assert browser.post("/me/theme/", {"next": "//evil.example"}).headers["Location"] == "/"
    assert 'data-theme="dark"' in browser.get("/me/").text
