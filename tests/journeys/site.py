"""A real web server with a database and collected static files: what a browser needs, and no more than that."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection
from django.test import override_settings

from config.embedded import ports
from core.models import User
from tests.cast import PASSWORD, assemble, session_of
from tests.conftest import FreshDatabase
from tests.flags.serve import serving
from tests.house import House, furnish, grow, live_through, told_in
from tests.services import ROOT

T = TypeVar("T")


@dataclass
class Site:
    """`base` answers; `sessions` are the cookies of everybody, signed in."""

    base: str
    sessions: dict[str, dict[str, str]]

    def person(self, key: str) -> dict[str, str]:
        return {"email": f"{key}@example.com", "password": PASSWORD}

    def aside(self, act: Callable[[], T]) -> T:
        """Do something in the database while a browser is open, whose event loop forbids it on this thread."""

        def run() -> T:
            try:
                return act()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(run).result()


@contextmanager
def opened(database: FreshDatabase, folder: Path) -> Iterator[Site]:
    """A web server on `database`, with the whole cast in it, who can sign in. Nothing else is there yet."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"]):
        people: dict[str, User] = assemble()
    port = ports.free()[0]
    base = f"http://127.0.0.1:{port}"
    own = {"SLIPWAY_DATA": str(folder), "SLIPWAY_URL": base}
    variables = {**database.environment, **_as_here(), **own}
    _collect_static(variables)
    with override_settings(SITE_URL=base), serving(variables, folder / "snapshots", "config.asgi", port):
        yield Site(base, {name: session_of(user) for name, user in people.items()})


@contextmanager
def furnished(database: FreshDatabase, folder: Path) -> Iterator[tuple[Site, House]]:
    """The same with rows enough to fill a page, and rollouts in every state."""
    with told_in(folder) as told, opened(database, folder) as site:
        house = furnish(told)
        live_through(house, told)
        grow(house, 4)
        yield site, house


def _as_here() -> dict[str, str]:
    """What the web process has to know as we do: the key of sessions, and the adapters."""
    adapters: dict[str, Any] = {name: getattr(settings, name) for name in ("SLIPWAY_ROUTERS", "SLIPWAY_METRICS")}
    return {"SLIPWAY_SECRET_KEY": settings.SECRET_KEY, **{name: json.dumps(value) for name, value in adapters.items()}}


def _collect_static(variables: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, check=True)
