"""Live events, over a real server: names only, exactly on commit, and only to those who may."""

import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

import httpx
import pytest
from django.db import transaction
from psycopg import connect

from core import events
from core.models import Product, User
from tests.cast import CAST, OTTO, enter, open_back_office, open_storefront, session_of
from tests.conftest import FreshDatabase
from tests.flags.serve import Server, serving

Listen = Callable[..., "Listener"]


@pytest.fixture(scope="module")
def server(shared_db: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all: no test leaves anything behind in it but what was said before the next one listens."""
    with serving(shared_db.environment, tmp_path_factory.mktemp("snapshots"), "config.asgi") as one:
        yield one


@pytest.fixture(scope="module")
def storefront(shared_db: FreshDatabase) -> Product:
    return open_storefront()


@pytest.fixture(scope="module")
def rhea(storefront: Product) -> User:
    return enter(storefront, *CAST["rhea"])


@pytest.fixture(scope="module")
def otto(shared_db: FreshDatabase) -> User:
    return enter(open_back_office(), *OTTO)


class Listener:
    """Reads one stream in a thread, until closed; `next()` is the next event."""

    def __init__(self, server: Server, user: User, *topics: str, since: str = "") -> None:
        self.heard: queue.Queue[dict[str, str]] = queue.Queue()
        self._connection = HTTPConnection(server.url.removeprefix("http://"), timeout=40)
        query = urlencode([*(("topic", topic) for topic in topics), ("since", since)])
        cookie = "; ".join(f"{name}={value}" for name, value in session_of(user).items())
        self._connection.request("GET", f"/live/?{query}", headers={"Cookie": cookie})
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for line in self._answer:
                if line.startswith(b"data: "):
                    self.heard.put(json.loads(line.removeprefix(b"data: ")))
        except (OSError, HTTPException):
            return  # closed, from here or from there

    def close(self) -> None:
        with suppress(OSError):
            self._connection.sock.shutdown(socket.SHUT_RDWR)

    def next(self, seconds: float = 5) -> dict[str, str]:
        return self.heard.get(timeout=seconds)

    def first_look(self, count: int = 1) -> None:
        for _ in range(count):
            assert self.next(10)["name"] == "look"


@pytest.fixture
def listen(server: Server) -> Iterator[Listen]:
    """`listen(rhea, "release:7")`; all are closed before the server is."""
    opened: list[Listener] = []

    def start(user: User, *topics: str, since: str = "") -> Listener:
        opened.append(Listener(server, user, *topics, since=since))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_an_event_arrives_on_commit_and_never_for_a_rollback(listen: Listen, rhea: User, storefront: Product) -> None:
    topic = f"product:{storefront.pk}"
    listener = listen(rhea, topic)
    listener.first_look()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        events.announce(topic, "undone")
        raise ZeroDivisionError
    with transaction.atomic():
        events.announce(topic, "signed")
        assert listener.heard.empty()
    assert listener.next() == {"topic": topic, "name": "signed"}
    assert listener.heard.empty()


def test_nobody_hears_what_they_may_not_see(listen: Listen, rhea: User, otto: User, storefront: Product) -> None:
    own = otto.roles.get().product
    assert listen(otto, f"product:{storefront.pk}").status == 403
    listener = listen(otto, f"product:{storefront.pk}", f"product:{own.pk}")
    listener.first_look()
    events.announce(f"product:{storefront.pk}", "secret")
    events.announce(f"product:{own.pk}", "mine")
    assert listener.next() == {"topic": f"product:{own.pk}", "name": "mine"}


def test_whatever_changes_for_a_person_is_one_topic_of_their_own(
    listen: Listen, rhea: User, otto: User, storefront: Product
) -> None:
    """A new request for a signature is told on a topic that nobody could have asked for before."""
    assert listen(otto, f"mine:{rhea.pk}").status == 403
    hers, his = listen(rhea, f"mine:{rhea.pk}"), listen(otto, f"mine:{otto.pk}")
    hers.first_look()
    his.first_look()
    events.announce(f"product:{storefront.pk}", "measured")  # what comes every second is for its own page
    events.announce(f"flags:{storefront.pk}", "changed")
    events.announce(f"product:{storefront.pk}", "role_granted")
    assert hers.next() == {"topic": f"mine:{rhea.pk}", "name": "role_granted"}
    with pytest.raises(queue.Empty):
        his.next(1)


def test_a_page_that_is_current_is_not_told_to_look_again(listen: Listen, rhea: User, storefront: Product) -> None:
    topic = f"product:{storefront.pk}"
    listen(rhea, topic).first_look()
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    current = listen(rhea, topic, since=later)
    events.announce(topic, "signed")
    assert current.next()["name"] == "signed"
    old = listen(rhea, topic, since=datetime.now(UTC).isoformat())
    old.first_look()


@pytest.mark.parametrize("since", ["yesterday", "9999999", "\x00"])
def test_an_odd_time_is_refused(server: Server, rhea: User, storefront: Product, since: str) -> None:
    asked = {"topic": f"product:{storefront.pk}", "since": since}
    assert httpx.get(f"{server.url}/live/", params=asked, cookies=session_of(rhea), timeout=10).status_code == 400


@pytest.mark.parametrize("topic", ["", "product:x", "nothing:1", "product:1;drop", "user:1"])
def test_odd_topics_are_refused(server: Server, rhea: User, topic: str) -> None:
    answer = httpx.get(f"{server.url}/live/", params={"topic": topic}, cookies=session_of(rhea), timeout=10)
    assert answer.status_code == 403


def test_a_stream_needs_a_session(server: Server, storefront: Product) -> None:
    assert httpx.get(f"{server.url}/live/?topic=product:{storefront.pk}", timeout=10).status_code == 302


def listening(shared_db: FreshDatabase) -> list[int]:
    """The PostgreSQL processes that serve somebody's LISTEN."""
    with connect(shared_db.url) as own:
        query = (
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'slipway live' AND datname = current_database()"
        )
        return [pid for (pid,) in own.execute(query)]


def test_it_hears_again_after_postgresql_cut_the_line(
    listen: Listen, shared_db: FreshDatabase, rhea: User, storefront: Product
) -> None:
    topic = f"product:{storefront.pk}"
    listener = listen(rhea, topic)
    listener.first_look()
    with connect(shared_db.url, autocommit=True) as own:
        for pid in listening(shared_db):
            own.execute("SELECT pg_terminate_backend(%s)", [pid])
    listener.first_look()  # it says that something may have been missed
    events.announce(topic, "signed")
    assert listener.next() == {"topic": topic, "name": "signed"}


def test_all_pages_share_one_connection_which_ends_with_the_last(
    listen: Listen, shared_db: FreshDatabase, rhea: User, storefront: Product
) -> None:
    pages = [listen(rhea, f"product:{storefront.pk}") for _ in range(3)]
    for page in pages:
        page.first_look()
    assert len(listening(shared_db)) == 1
    for page in pages:
        page.close()
    deadline = time.monotonic() + 40
    while listening(shared_db):
        assert time.monotonic() < deadline
        time.sleep(0.1)
