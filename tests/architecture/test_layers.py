"""Imports point one way, also those hidden in functions."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.walk import ROOMS, ROOT, parsed, sources

RANK = {room: len(ROOMS) - index for index, room in enumerate(ROOMS)}


def test_the_import_contract_holds() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def upward(file: Path) -> list[str]:
    room = file.relative_to(ROOT).parts[0]
    names: list[str] = []
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
    return [name for name in names if RANK.get(name.split(".")[0], 0) > RANK[room]]


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_reaches_up(room: str) -> None:
    found = {str(file.relative_to(ROOT)): upward(file) for file in sources(room)}
    assert {name: names for name, names in found.items() if names} == {}
