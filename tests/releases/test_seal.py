"""P4: what of a release is signed, and what may change without voiding a signature."""

from collections.abc import Callable
from typing import Any

import pytest

from core.models import Environment, User
from flags import actions as flag_actions
from flags.models import Flag
from releases import actions, seal
from releases.models import Build
from releases.seal import Part
from tests.releases.conftest import Ship

OURS = {"features": seal.features, "candidates": seal.candidates, "flags": seal.flags, "way_back": seal.way_back}


def digests(ship: Ship) -> dict[str, str]:
    return {name: part(ship.release).digest for name, part in OURS.items()}


def changed(ship: Ship, act: Callable[[], object]) -> set[str]:
    """The names of the parts that `act` changed."""
    before = digests(ship)
    act()
    ship.release.refresh_from_db()
    after = digests(ship)
    return {name for name in before if before[name] != after[name]}


def test_p4_a_part_reads_well(ship: Ship) -> None:
    assert seal.features(ship.release).content["features"] == [
        {"name": "Typo-tolerant search", "description": "finds “jaket”", "after": [], "together with": []}
    ]
    [candidate] = seal.candidates(ship.release).content
    assert candidate == {
        "product": "storefront",
        "version": "2.0.3",
        "commit": "9f3c1e7",
        "digest": ship.build.digest,
    }
    [flag] = seal.flags(ship.release).content["features"]
    assert flag == {"feature": "Typo-tolerant search", "flags": ["search-typo"], "without a flag because": ""}
    assert seal.way_back(ship.release).content == {"way back": ship.release.way_back}


def test_p4_a_material_change_changes_its_part_only(
    ship: Ship, rhea: User, emil: User, other_build: Build, flag_of: Callable[[str], Flag]
) -> None:
    release = ship.release
    second = flag_of("search-instant")

    def add() -> None:
        actions.add_feature(release=release, name="Instant", owner=emil, actor=rhea, no_flag_reason="none yet")

    assert changed(ship, lambda: actions.set_candidate(release=release, build=other_build, actor=rhea)) == {
        "candidates"
    }
    assert changed(ship, lambda: actions.change_release(release=release, actor=rhea, way_back="By hand.")) == {
        "way_back"
    }
    assert changed(ship, add) == {"features", "flags"}
    instant = release.features.get(name="Instant")

    def link() -> None:
        actions.link_features(feature=instant, other=ship.feature, kind="after", actor=rhea)

    assert changed(ship, link) == {"features"}
    assert changed(ship, lambda: actions.change_feature(feature=instant, actor=rhea, flags=[second])) == {"flags"}
    assert changed(ship, lambda: actions.change_feature(feature=instant, actor=rhea, no_flag_reason="")) == {"flags"}
    assert changed(ship, lambda: actions.remove_feature(feature=instant, actor=rhea)) == {"features", "flags"}


def test_p4_a_cosmetic_change_changes_nothing_that_is_signed(ship: Ship, rhea: User) -> None:
    words = "finds “jaket” and “trowsers”"
    assert not changed(ship, lambda: actions.change_feature(feature=ship.feature, actor=rhea, description=words))
    assert not changed(ship, lambda: actions.change_release(release=ship.release, actor=rhea, summary="Finds more."))
    assert not changed(ship, lambda: actions.change_release(release=ship.release, actor=rhea, name="Search 2"))


def test_p4_progress_is_not_signed(ship: Ship, rhea: User, emil: User, staging: Environment) -> None:
    """Live percentages, checks, deployments and the status are progress, not definitions."""

    def grow() -> None:
        flag_actions.set_weight(flag=ship.flag, environment=staging, weight=50_000, actor=rhea)

    assert not changed(ship, grow)
    assert not changed(ship, lambda: actions.report_check(build=ship.build, kind="security", status="fail", actor=emil))
    assert not changed(ship, lambda: actions.register_deployment(build=ship.build, environment=staging, actor=emil))
    assert not changed(ship, lambda: actions.set_status(release=ship.release, status="signoff", actor=rhea))


@pytest.mark.parametrize("title", ["x", "y"])
def test_p4_the_digest_covers_content_not_titles(title: str) -> None:
    part = Part(name="a", title=title, content={"deep": [{"note": title, "n": 1}]}, cosmetic=frozenset({"note"}))
    assert part.digest == Part(name="a", title="", content={"deep": [{"n": 1}]}).digest
    assert seal.digest([part]) != seal.digest([part, part])


def test_p4_asking_for_the_seal_costs_the_same_for_many_features(
    ship: Ship, rhea: User, emil: User, django_assert_num_queries: Callable[[int], object]
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            digests(ship)
        return len(queries)

    link = actions.add_feature(release=ship.release, name="B", owner=emil, actor=rhea, no_flag_reason="none")
    actions.link_features(feature=link, other=ship.feature, kind="after", actor=rhea)
    before = cost()
    for number in range(5):
        one = actions.add_feature(release=ship.release, name=f"F{number}", owner=emil, actor=rhea, no_flag_reason="x")
        actions.link_features(feature=one, other=link, kind="together", actor=rhea)
    assert cost() == before


def test_p4_what_people_call_a_rule_is_shown_and_not_sealed(ship: Ship, emil: User) -> None:
    place = Environment.objects.get(product=ship.flag.product_id, is_production=True)

    def write(name: str, value: object) -> Callable[[], object]:
        when = {"attribute": "user.name", "op": "equals", "value": value}
        targeting = {"rules": [{"name": name, "when": when, "serve": {"variant": "on"}}]}
        asked: dict[str, Any] = {"flag": ship.flag, "environment": place, "actor": emil}
        return lambda: flag_actions.set_targeting(targeting=targeting, **asked)

    assert changed(ship, write("Stuff", 1)) == {"flags"}
    assert not changed(ship, write("Staff", 1))
    assert "Staff" in str(seal.flags(ship.release).content)
    assert changed(ship, write("Staff", True)) == {"flags"}
