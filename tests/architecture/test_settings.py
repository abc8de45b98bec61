"""Every setting that comes from the environment is documented, and production is safe by default."""

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from django.test import Client

from core.models import User
from tests.architecture.walk import ROOT, parsed, sources

NAMES = re.compile(r"SLIPWAY_[A-Z_]*[A-Z]|(?:DATABASE|DATABASE_OWNER|REDIS|EMAIL)_URL")


@cache
def variables() -> set[str]:
    """Names of environment variables: whatever string of the sources looks like one."""
    return {
        node.value
        for file in sources()
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMES.fullmatch(node.value)
    }


@pytest.mark.parametrize("name", sorted(variables()))
def test_every_variable_is_documented(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs/operations.md").read_text(), f"{name} is missing in docs/operations.md"


def test_nothing_is_documented_that_is_not_there() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)
    assert documented
    assert [name for name in documented if name not in variables()] == []


def manage(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "SLIPWAY_DATA": str(tmp_path),
        **variables,
    }
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_check_deploy_is_clean_in_production(tmp_path: Path) -> None:
    production = {"SLIPWAY_HOSTS": "slipway.example.com", "SLIPWAY_URL": "https://slipway.example.com"}
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **production)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "secrets" / "django").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "value"),
    [("SLIPWAY_DEBUG", "maybe"), ("SLIPWAY_TICK", "soon"), ("DATABASE_URL", "sqlite:///x"), ("EMAIL_URL", "ftp://x")],
)
def test_a_wrong_value_stops_the_start_and_names_the_variable(tmp_path: Path, name: str, value: str) -> None:
    done = manage(tmp_path, "check", **{name: value})
    assert done.returncode != 0
    assert name in done.stderr.splitlines()[-1]


def test_answers_carry_the_security_headers(rhea: User) -> None:
    client = Client()
    client.force_login(rhea)
    answer = client.get("/me/")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
        assert part in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_a_foreign_host_name_is_refused(db: None) -> None:
    assert Client().get("/login/", headers={"host": "evil.example"}).status_code == 400
