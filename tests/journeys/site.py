"""A furnished house behind a real web server, with its static files collected: what a browser needs, and no more."""

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

from core.models import User
from tests import screens
from tests.cast import assemble, session_of
from tests.conftest import FreshDatabase
from tests.flags.serve import serving
from tests.house import House, furnish, grow, live_through, told_in
from tests.rollouts.story import Story
from tests.services import ROOT

T = TypeVar("T")


@dataclass
class Site:
    """`url` answers; `sessions` are the cookies of everybody, signed in; `told` makes another release that may go."""

    url: str
    house: House
    screens: list[screens.Screen]
    sessions: dict[str, dict[str, str]]
    told: Callable[..., Story]

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
def opened(database: FreshDatabase, folder: Path, **environment: str) -> Iterator[Site]:
    """Rows enough to fill a page, rollouts in every state, and everybody signed in."""
    people: dict[str, User] = assemble()
    with told_in(folder) as told:
        house = furnish(told)
        live_through(house, told)
        grow(house, 4)
        variables = {**database.environment, **_as_here(), "SLIPWAY_DATA": str(folder), **environment}
        _collect_static(variables)
        with serving(variables, folder / "snapshots", "config.asgi") as server:
            sessions = {name: session_of(user) for name, user in people.items()}
            yield Site(server.url, house, screens.of(house), sessions, told)


def _as_here() -> dict[str, str]:
    """What the web process has to know as we do: the key of sessions, and the adapters."""
    adapters: dict[str, Any] = {name: getattr(settings, name) for name in ("SLIPWAY_ROUTERS", "SLIPWAY_METRICS")}
    return {"SLIPWAY_SECRET_KEY": settings.SECRET_KEY, **{name: json.dumps(value) for name, value in adapters.items()}}


def _collect_static(variables: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, check=True)
