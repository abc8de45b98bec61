"""The demo's page: the mails that were sent, and the lever that hurts the new version."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from config.embedded import ports
from core.models import User
from demo import mails, shop

Browser = Callable[[User], Client]


@pytest.fixture
def green(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[str]:
    """The real service, on its own."""
    port = ports.free()[0]
    facts = ["--slot", "green", "--version", "2.0.0", "--digest", "sha256:1"]
    process = subprocess.Popen([sys.executable, "-m", "demo.services.search", "--port", str(port), *facts])
    address = f"http://127.0.0.1:{port}"
    while not ports.answers(port):
        time.sleep(0.05)
    settings.SLIPWAY_HTTP_ALLOW = [f"127.0.0.1:{port}"]
    monkeypatch.setenv("SLIPWAY_DEMO_GREEN", address)
    yield address
    process.terminate()
    process.wait(10)


def mail(folder: Path, name: str, subject: str, message_id: str, text: str = "Hello") -> None:
    message = EmailMessage()
    message["Subject"], message["To"], message["Message-ID"] = subject, "bea@example.com", message_id
    message["Date"] = "Tue, 24 Nov 2026 08:00:00 -0000"
    message.set_content(text)
    (folder / name).write_bytes(message.as_bytes())


def test_the_lever_hurts_and_heals(green: str, rhea: User, browser_of: Browser) -> None:
    client = browser_of(rhea)
    for on in ("1", "0"):
        assert client.post(reverse("demo-hurt"), {"on": on}).status_code == 303
        assert httpx.get(f"{green}/hurt").json() == {"on": on == "1"}
        assert shop.look().hurt is (on == "1")


@pytest.mark.parametrize("posted", [{}, {"on": "yes"}])
def test_p12_half_a_press_is_refused(posted: dict[str, str], rhea: User, browser_of: Browser) -> None:
    assert browser_of(rhea).post(reverse("demo-hurt"), posted).status_code == 422


def test_a_service_that_is_away_is_said_and_not_a_fault(rhea: User, browser_of: Browser) -> None:
    client = browser_of(rhea)
    assert client.post(reverse("demo-hurt"), {"on": "1"}).status_code == 422
    assert "green does not answer" in client.get(reverse("demo")).content.decode()


def test_p6_looking_hurts_nobody(green: str, rhea: User, browser_of: Browser) -> None:
    client = browser_of(rhea)
    assert client.get(reverse("demo-hurt")).status_code == 405
    assert client.get(reverse("demo")).status_code == 200
    assert httpx.get(f"{green}/hurt").json() == {"on": False}


def test_strangers_are_asked_to_sign_in(client: Client, db: None) -> None:
    assert client.get(reverse("demo")).status_code == 302


def test_mails_are_shown_newest_first_with_the_address_they_lead_to(tmp_path: Path, settings: Settings) -> None:
    settings.SITE_URL = "http://localhost:8000"
    mail(tmp_path, "1.eml", "First", "<a@slipway>")
    mail(tmp_path, "2.eml", "Second", "<b@slipway>", "Please read http://localhost:8000/approve/7/\nThanks")
    newest, oldest = mails.delivered(tmp_path)
    assert (newest.subject, newest.link, oldest.subject, oldest.link) == ("Second", "/approve/7/", "First", "")
    assert newest.at is not None
    assert newest.at.tzinfo is not None


def test_a_mail_that_resets_a_password_is_not_shown(tmp_path: Path) -> None:
    mail(tmp_path, "1.eml", "Set a new password", "<12345@some-host>")
    assert mails.delivered(tmp_path) == []
    assert mails.delivered(tmp_path / "none") == []
