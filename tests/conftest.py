"""Fixtures for every test. The services come first: settings read the environment when they are imported."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as properties
from pytest_django import DjangoDbBlocker
from redis import Redis

from config.embedded import postgres
from tests import services as running

SERVICES = running.attach_or_start()
DATABASE = f"test_{SERVICES.worker}"
os.environ.update(SERVICES.environment(DATABASE), DJANGO_SETTINGS_MODULE="config.settings")
os.environ.setdefault("SLIPWAY_INSECURE_HTTP", "1")
os.environ.setdefault("SLIPWAY_DEMO", "1")

import django  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one takes 0.3 s on purpose
django.setup()
# A worker of pytest-xdist inherits the environment, and must not read the settings before it has a database of its own.
del os.environ["DJANGO_SETTINGS_MODULE"]

# How long a busy machine thinks of an example says nothing about what is tested.
properties.register_profile("slipway", suppress_health_check=[HealthCheck.too_slow], deadline=None)
properties.load_profile("slipway")

from tests.cast import *  # noqa: E402, F403

FIRST = [
    "journeys/test_to_everyone",
    "architecture/test_strangers",
    "journeys/test_screens",
    "journeys/test_days",
    "journeys/test_there_and_back",
    "journeys/test_live_pages",
    "newcomer/test_make_run",
    "chaos/test_storm",
]
"""Modules that take a minute and more, in the order in which workers begin them: who waits beside who computes."""


@dataclass(frozen=True)
class FreshDatabase:
    """A database of one test's own, where things are really committed; `environment` is for child processes."""

    name: str
    url: str
    owner_url: str
    environment: dict[str, str]


def pytest_unconfigure() -> None:
    SERVICES.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker and (marker.kwargs.get("transaction") or marker.args[:1] == (True,)):
            raise pytest.UsageError(
                f"{item.nodeid}: use @pytest.mark.fresh_db; append-only tables refuse to be flushed."
            )
    if SERVICES.worker != "main":
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """Long modules first, so that no worker is left alone with one at the end; all others stay in their order."""
    module = item.nodeid.split("::")[0].removeprefix("tests/").removesuffix(".py")
    return FIRST.index(module) if module in FIRST else len(FIRST)


@pytest.fixture(scope="session")
def services() -> running.Services:
    """The PostgreSQL and Redis of this run."""
    return SERVICES


@pytest.fixture(scope="session")
def django_db_setup() -> Iterator[None]:
    """Instead of pytest-django's: a clone of the migrated template for each worker, used as the runtime role."""
    with SERVICES.clone(DATABASE):
        yield
        connections.close_all()


@pytest.fixture
def fresh_db(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
) -> Iterator[FreshDatabase]:
    """A database of this test's own: commits are real, threads and other processes see it. Not together with `db`."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        raise pytest.UsageError("fresh_db already gives a database; leave out db and django_db.")
    with django_db_blocker.unblock(), really(f"{DATABASE}_fresh", monkeypatch) as database:
        yield database


@contextmanager
def really(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FreshDatabase]:
    """A migrated database `name`, in which commits are real, for this process and its children; dropped afterwards."""
    with SERVICES.clone(name):
        environment = SERVICES.environment(name)
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
        connections.close_all()
        monkeypatch.setitem(connections.settings["default"], "NAME", name)
        yield FreshDatabase(name, environment["DATABASE_URL"], environment["DATABASE_OWNER_URL"], environment)
        connections.close_all()


@pytest.fixture(scope="module")
def shared_db(django_db_blocker: DjangoDbBlocker) -> Iterator[FreshDatabase]:
    """As `fresh_db`, but of all tests of a module together: for what is read by many and takes long to set up."""
    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        really(f"{DATABASE}_shared", patch) as database,
    ):
        yield database


@pytest.fixture
def own_services(
    monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[running.Services, FreshDatabase]]:
    """A PostgreSQL and a Redis that nobody else uses, to be killed and started again, and a database in there."""
    own = running.start()
    try:
        with own.clone("own"), django_db_blocker.unblock():
            environment = own.environment("own")
            for variable, value in environment.items():
                monkeypatch.setenv(variable, value)
            connections.close_all()
            settings_dict = connections.settings["default"]
            monkeypatch.setitem(settings_dict, "NAME", "own")
            monkeypatch.setitem(settings_dict, "HOST", str(own.cluster.sockets))
            monkeypatch.setitem(settings_dict, "PASSWORD", own.cluster.passwords[postgres.APP])
            monkeypatch.setattr(settings, "CELERY_BROKER_URL", environment["REDIS_URL"])
            yield own, FreshDatabase("own", environment["DATABASE_URL"], environment["DATABASE_OWNER_URL"], environment)
            connections.close_all()
            if own.cluster.process and own.cluster.process.poll() is not None:
                own.start_postgres()  # so that the database can be dropped
    finally:
        own.stop()


@pytest.fixture(autouse=True)
def _fresh_db_by_marker(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("fresh_db"):
        request.getfixturevalue("fresh_db")


@pytest.fixture
def redis_url() -> str:
    """This worker's own Redis database, empty. Celery in this process and in its children already points there."""
    url = SERVICES.environment(DATABASE)["REDIS_URL"]
    with Redis.from_url(url) as client:
        client.flushdb()
    return url
