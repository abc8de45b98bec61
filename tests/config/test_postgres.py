"""The embedded PostgreSQL in awkward places, under each identity it can have, and after a kill."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config.embedded import identity, postgres


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where another user could enter, with a space, and far deeper than a socket's path may be."""
    with tempfile.TemporaryDirectory(prefix="slipway test ") as name:
        folder = Path(name) / "a long and winding path" / ("to the data " * 8).strip() / "data"
        folder.mkdir(parents=True)
        for place in (folder.parent, folder.parent.parent, Path(name)):
            place.chmod(0o755)
        yield folder


def parents(folder: Path) -> list[int]:
    return [stat.S_IMODE(place.stat().st_mode) for place in folder.parents]


def refused(_: identity.Identity) -> bool:
    return False


def start(folder: Path) -> postgres.Cluster:
    return postgres.start(folder / "postgres", log=folder / "log", settings=postgres.FORGETFUL)


@pytest.mark.parametrize("namespaces", [True, False])
def test_it_runs_in_an_awkward_place_and_changes_no_permission_outside(
    folder: Path, namespaces: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not namespaces:
        monkeypatch.setattr(identity, "_works", refused)
    before = parents(folder)
    cluster = start(folder)
    try:
        with psycopg.connect(cluster.url(postgres.APP)) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (postgres.APP,)
    finally:
        cluster.stop()
    assert parents(folder) == before
    assert cluster.process
    assert cluster.process.returncode == 0
    assert not cluster.sockets.exists()
    assert stat.S_IMODE((folder / "postgres" / "roles.json").stat().st_mode) == 0o600
    if os.geteuid() == 0 and not namespaces:
        assert (folder / "postgres" / "data").stat().st_uid != 0


def test_after_a_kill_it_starts_again_with_its_data_and_removes_what_was_left(folder: Path) -> None:
    first = start(folder)
    with psycopg.connect(first.url(postgres.OWNER)) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    assert first.process
    first.process.kill()
    first.process.wait()
    second = start(folder)
    try:
        assert not first.sockets.exists()
        with psycopg.connect(second.url(postgres.OWNER)) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        with (
            psycopg.connect(second.url(postgres.APP)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("SELECT count(*) FROM kept")
    finally:
        second.stop()
