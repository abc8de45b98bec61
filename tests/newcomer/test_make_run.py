"""`make run` from a fresh checkout: ready in time, answers, keeps its data, leaves nothing behind however it ends."""

import json
import os
import pwd
import shutil
import signal
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.newcomer.newcomer import Newcomer, check_out, compiled_before, modes, plain_environment

pytestmark = [pytest.mark.newcomer, pytest.mark.timeout(600)]
OTHERS = 0o755


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Outside pytest's own folders, which are closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="slipway newcomer "))
    folder.chmod(OTHERS)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def checkout(folder: Path) -> Path:
    return check_out(folder)


@pytest.fixture
def newcomer(folder: Path, checkout: Path) -> Iterator[Newcomer]:
    """Who has nothing yet but the checkout."""
    place = Path(tempfile.mkdtemp(dir=folder))
    place.chmod(OTHERS)
    newcomer = Newcomer(checkout, place / "the data", plain_environment(place))
    yield newcomer
    newcomer.end()


@pytest.fixture
def regular(folder: Path, checkout: Path) -> Iterator[Newcomer]:
    """Who comes back: with data that earlier tests have left, and with Python's modules compiled."""
    regular = Newcomer(checkout, folder / "the data", plain_environment(folder) | compiled_before())
    yield regular
    regular.end()


def test_one_command_from_nothing_and_again_with_the_data_kept(newcomer: Newcomer) -> None:
    before = modes(newcomer.checkout) | modes(newcomer.data.parent)
    newcomer.run()
    newcomer.wait_ready()
    assert newcomer.answers() == 200
    assert newcomer.answers("/login/") == 200
    facts = newcomer.data / "demo.json"
    assert stat.S_IMODE(facts.stat().st_mode) == 0o600
    people = json.loads(facts.read_text())["people"]
    assert all(person["email"] in newcomer.said for person in people)
    end(newcomer, signal.SIGINT)
    assert "the data is kept" in newcomer.said
    assert not (newcomer.data / "postgres" / "data" / "postmaster.pid").exists(), "PostgreSQL was not shut down cleanly"

    newcomer.run()
    newcomer.wait_ready()
    assert "Loading the story" not in newcomer.said
    assert json.loads(facts.read_text())["people"] == people
    end(newcomer, signal.SIGTERM)
    assert modes(newcomer.checkout) | modes(newcomer.data.parent) == before
    assert not list(newcomer.checkout.rglob("__pycache__")), "something was written beside the source"


@pytest.mark.parametrize("victims", ["keeper", "supervisor", "both"])
def test_killed_by_force_it_leaves_no_process_and_starts_again(regular: Newcomer, victims: str) -> None:
    regular.run(SLIPWAY_DEMO="0")
    regular.wait_ready()
    keeper, supervisor = regular.supervisors()
    for pid in {"keeper": [keeper], "supervisor": [supervisor], "both": [keeper, supervisor]}[victims]:
        os.kill(pid, signal.SIGKILL)
    regular.wait_gone()
    regular.run(SLIPWAY_DEMO="0")
    regular.wait_ready()
    assert regular.answers() == 200
    end(regular, signal.SIGHUP)


def test_a_child_that_dies_is_started_again_and_it_says_so(regular: Newcomer) -> None:
    regular.run(SLIPWAY_DEMO="0")
    regular.wait_ready()
    end_of_web = [pid for pid in regular.seen if "granian" in (Path(f"/proc/{pid}/cmdline").read_text())]
    os.kill(min(end_of_web), signal.SIGKILL)
    wait_until(lambda: "web ended (killed by SIGKILL)" in regular.said)
    wait_until(lambda: answers(regular))
    end(regular, signal.SIGINT)


def test_a_taken_port_is_named_before_anything_is_started(newcomer: Newcomer) -> None:
    with socket.create_server(("127.0.0.1", newcomer.port)):
        newcomer.run()
        assert newcomer.make
        assert newcomer.make.wait(30) != 0
    assert f"Port {newcomer.port} is taken" in newcomer.said
    assert "make run SLIPWAY_PORT=" in newcomer.said
    assert not (newcomer.data / "postgres").exists()


def test_a_data_folder_in_use_is_refused(regular: Newcomer) -> None:
    regular.run(SLIPWAY_DEMO="0")
    regular.wait_ready()
    (regular.data.parent / "second").mkdir()
    second = Newcomer(regular.checkout, regular.data.parent / "second" / "data", regular.environment)
    second.run(SLIPWAY_DEMO="0", SLIPWAY_DATA=str(regular.data))
    assert second.make
    assert second.make.wait(30) != 0
    assert "already runs" in second.said
    end(regular, signal.SIGINT)


def after_root_an_ordinary_user_runs_it_from_roots_checkout(regular: Newcomer, folder: Path) -> None:
    regular.run(SLIPWAY_DEMO="0")
    regular.wait_ready()
    end(regular, signal.SIGINT)

    nobody = pwd.getpwnam("nobody")
    home = folder / "home of somebody"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    python = reachable_python(folder)
    user = Newcomer(regular.checkout, home / "data", plain_environment(home, python), uid=nobody.pw_uid)
    try:
        before = modes(home)
        user.run(SLIPWAY_DATA=str(regular.data))
        assert user.make
        assert user.make.wait(60) != 0
        assert f"The data folder {regular.data} belongs to root" in user.said
        user.run(SLIPWAY_DEMO="0")
        user.wait_ready()
        assert user.answers() == 200
        end(user, signal.SIGINT)
        assert modes(home) == before
    finally:
        user.end()


if os.geteuid() == 0:  # to an ordinary user every other test here shows it, and no other account can be had
    test_after_root_an_ordinary_user_runs_it = after_root_an_ordinary_user_runs_it_from_roots_checkout


def reachable_python(folder: Path) -> Path:
    """This environment, and its Python, where another user may enter: hard links, so that no mode changes."""
    venv, base = Path(sys.prefix), Path(sys.base_prefix)
    link_tree(venv, folder / "venv", "driver")
    if any(not place.stat().st_mode & stat.S_IXOTH for place in (base, *base.parents)):
        link_tree(base, folder / "python", "test", "tests")
        base = folder / "python"
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for link in (folder / "venv" / "bin").glob("python*"):
        link.unlink()
        link.symlink_to(base / "bin" / name)
    settings = folder / "venv" / "pyvenv.cfg"
    text = settings.read_text().splitlines()
    settings.unlink()
    settings.write_text("\n".join(f"home = {base / 'bin'}" if line.startswith("home") else line for line in text))
    return folder / "venv"


def link_tree(source: Path, target: Path, *unneeded: str) -> None:
    def link(old: str, new: str) -> None:
        try:
            os.link(old, new)
        except OSError:  # another file system
            shutil.copy2(old, new)

    ignored = shutil.ignore_patterns("__pycache__", *unneeded)
    shutil.copytree(source, target, symlinks=True, copy_function=link, ignore=ignored)


def end(newcomer: Newcomer, number: signal.Signals) -> None:
    """As a terminal does: to make and everybody in its group, none of whom may outlive it."""
    assert newcomer.make
    os.killpg(newcomer.make.pid, number)
    newcomer.wait_gone()


def answers(newcomer: Newcomer) -> bool:
    try:
        return newcomer.answers() == 200
    except httpx.TransportError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
