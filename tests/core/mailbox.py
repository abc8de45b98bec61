"""A real mail server for tests, and something to tell people."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from config.embedded import ports
from core import notify
from core.models import OutboxMessage, User


class Mailbox:
    """A real mail server that keeps what it is given. It refuses with `says` while that is set; answers who is in
    `to` (address → what it says) that way; and lets who is in `hangs` wait for its answer.
    """

    def __init__(self) -> None:
        self.received: list[Message] = []
        self.says = ""
        self.to: dict[str, str] = {}
        self.hangs: set[str] = set()
        self.asked = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.to.get(address):
            return self.to[address]
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.asked += 1
        if self.says:
            return self.says
        if self.hangs & set(envelope.rcpt_tos):
            await asyncio.sleep(5)
            return "451 late"
        self.received.append(message_from_bytes(envelope.content))
        return "250 kept"

    @property
    def ids(self) -> list[str]:
        return [str(message["Message-ID"]) for message in self.received]


@pytest.fixture
def mailbox(settings: Settings, tmp_path: Any) -> Iterator[Mailbox]:
    box = Mailbox()
    [port] = ports.free()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    templates = tmp_path / "email"
    templates.mkdir()
    (templates / "noted.txt").write_text(
        '{% extends "email/base.txt" %}{% block body %}{{ what }}, {% when at %}{% endblock %}'
    )
    (templates / "noted.html").write_text('{% extends "email/base.html" %}{% block lead %}{{ what }}{% endblock %}')
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    yield box
    controller.stop()


def tell(*people: User, dedupe: str = "release:1:noted", what: str = "<Noted>") -> list[OutboxMessage]:
    with transaction.atomic():
        return notify.tell(
            recipients=people,
            kind="noted",
            subject_key="release:1",
            dedupe=dedupe,
            subject="Something\nwas noted",
            context={"what": what, "at": timezone.now(), "url": "/releases/1/"},
        )


def due() -> None:
    OutboxMessage.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
