"""A release on the bench: its scenarios, a run of them, and what people do there."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.models import Environment, User
from releases.models import Release
from validation.actions import start_run, submit_result, submit_step, write_scenario
from validation.models import Result, Run, Scenario

BrowserOf = Callable[[User], Client]
STEPS = [{"do": "Type jaket", "expect": "Jackets"}, {"do": "Choose the first.", "expect": "One jacket"}]


def write(release: Release, title: str, actor: User, **more: Any) -> Scenario:
    fitting = {"steps": STEPS, "story": "As a shopper I mistype.", "minutes": 4, "feature": release.features.get()}
    return write_scenario(release=release, title=title, actor=actor, **{**fitting, **more})


@pytest.fixture
def scenarios(release: Release, rhea: User) -> list[Scenario]:
    return [write(release, title, rhea) for title in ("One wrong letter", "Misspelt brand")]


@pytest.fixture
def run(release: Release, scenarios: list[Scenario], staging: Environment, tomas: User) -> Run:
    return start_run(release=release, environment=staging, tester=tomas)


@pytest.fixture
def bench(release: Release) -> str:
    return f"/releases/{release.pk}/testing/"


def passed(run: Run, scenario: Scenario, actor: User) -> Result:
    for step in range(1, len(scenario.steps) + 1):
        submit_step(run=run, scenario=scenario, step=step, status="pass", actor=actor)
    return submit_result(run=run, scenario=scenario, status="pass", actor=actor)


def answer(number: int, **fields: object) -> dict[str, object]:
    """What the form of a step sends."""
    return {"step": number, "version": 1, **fields}


def now_at(page: str) -> str:
    found = re.search(r'aria-current="step".*?<b>(.*?)</b>', page, re.DOTALL)
    return found[1] if found else ""
