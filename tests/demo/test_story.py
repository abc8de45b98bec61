"""The story says what it promises, and got there through the same actions as everybody."""

import json
from pathlib import Path

import pytest
from pytest_django import Settings

from core import clock
from core.models import AuditEntry
from core.weights import FULL
from demo.story import history, notes, people, search, shelf, stage
from demo.story.stage import Stage
from flags import lives
from flags.models import Flag
from releases.gates import Question, closed, readiness
from releases.models import Release
from rollouts import actions
from rollouts.choices import Role
from validation.models import Result

pytestmark = pytest.mark.fresh_db


@pytest.fixture
def at(settings: Settings, tmp_path: Path) -> Stage:
    """The set without the demo's services: nothing answers at the slots, and nobody visits."""
    recording = {"backend": "recording", "options": {}}
    settings.SLIPWAY_ROUTERS = {"flag": {"backend": "flag"}, "envoy": recording}
    nowhere = {"backend": "exposition", "options": {"url": "http://127.0.0.1:9/stats/prometheus"}}
    settings.SLIPWAY_METRICS = {"access_log": recording, "envoy": nowhere}
    products = people.products()
    users, _ = people.enter(products)
    made = Stage(people=users, products=products)
    stage.build_set(made, blue_url="", green_url="")
    return made


def shut(release: Release) -> list[str]:
    release.refresh_from_db()
    return [gate.name for gate in closed(readiness(Question(release=release, now=clock.now())))]


def test_search_waits_for_bea_and_nothing_else(at: Stage) -> None:
    release = search.outline(at)
    search.prepare(at, release)
    assert shut(release) == ["Sign-off: Business"]
    assert release.features.count() == len(release.plan.targets.filter(role=Role.FOLLOWS)) == 3
    assert {result.run.tester.name for result in Result.objects.all()} == {"Tomas Weber", "Tara Novak"}
    search.sign(release, "Business", at.people["bea"])
    assert shut(release) == []
    assert actions.start_rollout(release=release, actor=at.people["rhea"]).desired == 5_000


def test_the_shelf_has_a_flag_of_every_kind_and_some_that_may_go(at: Stage) -> None:
    shelf.fill(at)
    flags = list(Flag.objects.filter(product=at.storefront))
    assert {flag.type for flag in flags} >= {"boolean", "string", "integer", "json"}
    stages = {key: life.stage for key, life in ((flag.key, lives.life_of(flag, clock.now())) for flag in flags)}
    assert stages["basket-sticky-total"] == stages["promo-summer"] == "stale"
    assert stages["button-colour"] == "ramping" or stages["button-colour"] == "live"


def test_told_early_nothing_is_built_tested_or_asked(at: Stage) -> None:
    release = search.outline(at)
    assert {"Candidate", "Staging", "Checklist"} <= set(shut(release))
    assert release.candidates.get().build is None


def test_loyaltys_release_has_no_route_and_may_go(at: Stage) -> None:
    release = history.loyalty(at)
    assert shut(release) == []
    assert [(target.router, target.role) for target in release.plan.targets.all()] == [("flag", Role.CARRIES)]
    assert [step.weight for step in release.plan.steps.all()][-1] == FULL


def test_everything_people_do_in_it_is_on_record(at: Stage) -> None:
    release = search.outline(at)
    search.prepare(at, release)
    told = set(AuditEntry.objects.filter(stream=release.subject).values_list("action", flat=True))
    assert {"release_created", "feature_added", "result_submitted", "item_ticked", "signoff_condition"} <= told


def test_passwords_differ_and_the_note_is_for_its_owner_only(tmp_path: Path) -> None:
    _, printed = people.enter(people.products())
    assert len({one["password"] for one in printed}) == len(printed) == len(people.CAST)
    file = tmp_path / "demo.json"
    notes.write(file, {"people": printed})
    assert file.stat().st_mode & 0o777 == 0o600
    assert notes.read(file) == json.loads(file.read_text())
    assert notes.read(tmp_path / "none.json") == {}
