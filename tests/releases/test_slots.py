"""Asking slots what they run: a real HTTP server answers well, badly, late and not at all."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pytest_django import Settings

from core import clock
from core.errors import Conflict
from core.models import AuditEntry, User
from releases import actions, gates
from releases.actions import slots
from releases.choices import ReleaseStatus
from releases.gates import GateState, Question
from releases.models import Release, Slot
from tests.releases.conftest import DIGEST, OTHER_DIGEST, Ship


class Place(ThreadingHTTPServer):
    """A slot: `status` and `body` are what it says next."""

    status = 200
    body = b""
    delay = 0.0

    def says(self, digest: object) -> None:
        self.status, self.body = 200, json.dumps({"version": "x", "digest": digest}).encode()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/version"


class Answer(BaseHTTPRequestHandler):
    server: Place

    def do_GET(self) -> None:
        time.sleep(self.server.delay)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def place(settings: Settings) -> Iterator[Place]:
    server = Place(("127.0.0.1", 0), Answer)
    settings.SLIPWAY_HTTP_ALLOW = [f"127.0.0.1:{server.server_port}"]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def asked(ship: Ship, place: Place, emil: User) -> Slot:
    """Production green, which can be asked."""
    return actions.change_slot(slot=ship.slot, version_url=place.url, actor=emil)


def gate(ship: Ship) -> tuple[GateState, str]:
    [found] = gates.running_build(Question(release=ship.release, now=clock.now()))
    return found.state, found.sentence


def test_p1_what_a_slot_says_opens_and_closes_the_gate(ship: Ship, asked: Slot, place: Place) -> None:
    assert gate(ship) == (GateState.WAITING, "Production green has not said yet what it runs.")
    place.says(DIGEST)
    assert actions.observe_slots() == 1
    assert gate(ship) == (GateState.OPEN, "2.0.3 runs in production green.")
    place.says(OTHER_DIGEST)
    actions.observe_slots()
    assert gate(ship) == (GateState.BLOCKED, "Production green should run 2.0.3 and says sha256:b2b2…b2b2.")


def test_only_a_changed_answer_is_recorded(asked: Slot, place: Place) -> None:
    place.says(DIGEST)
    for _ in range(3):
        actions.observe_slots()
    assert AuditEntry.objects.filter(action="slot_observed").count() == 1
    asked.refresh_from_db()
    before = asked.observed_at
    actions.observe_slots()
    asked.refresh_from_db()
    assert before and asked.observed_at and asked.observed_at > before


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (302, b""),
        (200, b""),
        (200, b"not json"),
        (200, b"[]"),
        (200, b'{"version": "2"}'),
        (200, b'{"digest": 7}'),
        (200, b'{"digest": ""}'),
        (200, b'{"digest": "a\\u0000b"}'),
        (200, json.dumps({"digest": "x" * 101}).encode()),
        (200, b"\xff\xfe"),
        (200, b"[" * 5000),
    ],
)
def test_p3_a_bad_answer_is_no_answer(ship: Ship, asked: Slot, place: Place, status: int, body: bytes) -> None:
    place.says(DIGEST)
    actions.observe_slots()
    asked.refresh_from_db()
    heard = asked.observed_at
    place.status, place.body = status, body
    assert actions.observe_slots() == 0
    asked.refresh_from_db()
    assert asked.observed_problem
    assert (asked.observed_digest, asked.observed_at) == (DIGEST, heard)


def test_p3_a_slot_that_is_gone_or_hangs_is_no_answer(
    asked: Slot, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "TIMEOUT", 0.2)
    place.says(DIGEST)
    place.delay = 1.0
    assert actions.observe_slots() == 0
    Slot.objects.filter(pk=asked.pk).update(version_url="http://127.0.0.1:1/version")
    assert actions.observe_slots() == 0
    asked.refresh_from_db()
    assert asked.observed_problem and asked.observed_at is None


@pytest.mark.parametrize("status", [ReleaseStatus.ROLLOUT, ReleaseStatus.WATCH])
def test_p1_a_slot_is_not_silenced_under_a_live_rollout(
    ship: Ship, asked: Slot, place: Place, emil: User, status: ReleaseStatus
) -> None:
    place.says(OTHER_DIGEST)
    actions.observe_slots()
    assert gate(ship)[0] is GateState.BLOCKED
    Release.objects.filter(pk=ship.release.pk).update(status=status)
    with pytest.raises(Conflict, match="not silenced"):
        actions.change_slot(slot=asked, version_url="", actor=emil)
    assert gate(ship)[0] is GateState.BLOCKED
    actions.change_slot(slot=asked, version_url="http://elsewhere.example/version", actor=emil)


def test_an_answer_of_the_old_address_does_not_count(asked: Slot, place: Place, emil: User) -> None:
    place.says(DIGEST)
    actions.observe_slots()
    slot = actions.change_slot(slot=asked, version_url="http://elsewhere.example/version", actor=emil)
    assert (slot.observed_digest, slot.observed_at) == ("", None)
    slots._store(asked, slots._Said(digest=DIGEST))
    slot.refresh_from_db()
    assert slot.observed_digest == ""
