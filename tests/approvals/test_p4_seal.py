"""P4 as a table: what changes which part of the seal, and whose decision falls with it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from approvals.actions import StageSpec, add_item, remove_item, set_policy, tick_item
from core.weights import FULL
from flags.actions import change_state, describe_flag, kill, set_targeting, set_variants, set_weight
from releases import actions as releases
from releases.choices import ReleaseStatus
from rollouts.actions import StepSpec, TargetSpec
from tests.approvals.world import KPIS, STEPS, TARGETS, World
from validation import actions as testing

Change = Callable[[World], object]
KPI = KPIS[0]


def around(w: World) -> None:
    releases.change_feature(feature=w.typo, flags=[], actor=w.rhea)
    change_state(
        flag=w.flag,
        environment=w.production,
        changes={"carrier": "percentage", "weight": FULL, "build": ""},
        action="flag_weight_set",
        actor=w.emil,
    )
    releases.change_feature(feature=w.typo, flags=[w.flag], actor=w.rhea)


MATERIAL: dict[str, tuple[Change, set[str]]] = {
    "a feature more": (
        lambda w: releases.add_feature(
            release=w.release, name="New ranking", owner=w.emil, actor=w.rhea, no_flag_reason="follows"
        ),
        {"features", "flags"},
    ),
    "a feature less": (
        lambda w: releases.remove_feature(feature=w.instant, actor=w.rhea),
        {"features", "flags"},
    ),
    "a feature renamed": (
        lambda w: releases.change_feature(feature=w.typo, name="Forgiving search", actor=w.rhea),
        {"features", "flags"},
    ),
    "a link more": (
        lambda w: releases.link_features(feature=w.typo, other=w.instant, kind="together", actor=w.rhea),
        {"features"},
    ),
    "a link less": (lambda w: releases.unlink_features(link=w.link, actor=w.rhea), {"features"}),
    "a flag more": (
        lambda w: releases.change_feature(feature=w.typo, flags=[w.flag, w.spare], actor=w.rhea),
        {"flags"},
    ),
    "a flag less": (lambda w: releases.change_feature(feature=w.typo, flags=[], actor=w.rhea), {"flags"}),
    "another reason for no flag": (
        lambda w: releases.change_feature(feature=w.instant, no_flag_reason="nobody minds", actor=w.rhea),
        {"flags"},
    ),
    "who gets a flag in production": (
        lambda w: set_targeting(flag=w.flag, environment=w.production, targeting={"pins": {"u-1": "on"}}, actor=w.emil),
        {"flags"},
    ),
    "another value of a flag": (
        lambda w: set_variants(
            flag=w.flag, variants=[*w.flag.variants, {"name": "maybe", "value": True}], actor=w.emil
        ),
        {"flags"},
    ),
    "a flag that client keys may read": (
        lambda w: describe_flag(flag=w.flag, for_clients=True, actor=w.emil),
        {"flags"},
    ),
    "a flag that was let go of, given to everybody and taken back": (around, {"flags"}),
    "another candidate": (
        lambda w: releases.set_candidate(release=w.release, build=w.next_build, actor=w.emil),
        {"candidates"},
    ),
    "a step more": (lambda w: w.plan(steps=[STEPS[0], StepSpec(weight=25_000, bake_seconds=60), STEPS[1]]), {"plan"}),
    "a step higher": (lambda w: w.plan(steps=[StepSpec(weight=10_000, bake_seconds=60), STEPS[1]]), {"plan"}),
    "a shorter bake": (lambda w: w.plan(steps=[StepSpec(weight=5_000, bake_seconds=59), STEPS[1]]), {"plan"}),
    "fewer users per step": (lambda w: w.plan(steps=[replace(STEPS[0], min_users=0), STEPS[1]]), {"plan"}),
    "a team to press go": (
        lambda w: w.plan(steps=[STEPS[0], replace(STEPS[1], go_team=w.release.product.teams.get(name="QA"))]),
        {"plan"},
    ),
    "no KPI": (lambda w: w.plan(kpis=[]), {"plan"}),
    "a KPI more": (lambda w: w.plan(kpis=[KPI, replace(KPI, name="Slow")]), {"plan"}),
    "a threshold": (lambda w: w.plan(kpis=[replace(KPI, limit=0.5)]), {"plan"}),
    "what a KPI asks": (lambda w: w.plan(kpis=[replace(KPI, query={"bad": "status>=599"})]), {"plan"}),
    "what a breach does": (lambda w: w.plan(kpis=[replace(KPI, options={"on_breach": "pause"})]), {"plan"}),
    "how long silence lasts": (lambda w: w.plan(kpis=[replace(KPI, options={"no_data_seconds": 9})]), {"plan"}),
    "a target more": (lambda w: w.plan(targets=[*TARGETS, TargetSpec(router="flag", key="spare")]), {"plan"}),
    "a shorter rollback window": (lambda w: w.plan(watch_seconds=60), {"plan"}),
    "the chance of a false alarm": (lambda w: w.plan(alpha_ppm=1_000), {"plan"}),
    "the way back": (
        lambda w: releases.change_release(release=w.release, way_back="None.", actor=w.rhea),
        {"way_back"},
    ),
    "a checklist item more": (
        lambda w: add_item(release=w.release, text="Law knows", team=w.item.team, actor=w.rhea),
        {"checklist"},
    ),
    "a checklist item less": (lambda w: remove_item(item=w.item, actor=w.rhea), {"checklist"}),
    "a scenario more": (
        lambda w: testing.write_scenario(release=w.release, title="Finds boots", steps=[], actor=w.rhea),
        {"tests"},
    ),
    "a scenario less": (
        lambda w: testing.remove_scenario(scenario=w.scenario, actor=w.rhea, reason="too hard"),
        {"tests"},
    ),
    "a finding accepted": (
        lambda w: testing.move_finding(finding=w.finding, verb="accepted", actor=w.rhea, reason="nobody minds"),
        {"tests"},
    ),
}
COSMETIC: dict[str, tuple[Change, set[str]]] = {
    "a feature described": (
        lambda w: releases.change_feature(feature=w.typo, description="finds jacket", actor=w.rhea),
        {"features"},
    ),
    "the summary": (
        lambda w: releases.change_release(release=w.release, summary="Finds more.", actor=w.rhea),
        {"features"},
    ),
    "the release renamed": (
        lambda w: releases.change_release(release=w.release, name="Search 2", actor=w.rhea),
        {"features"},
    ),
    "a scenario's steps": (
        lambda w: testing.change_scenario(
            scenario=w.scenario, title=w.scenario.title, steps=[{"do": "Type jaket", "expect": "Found"}], actor=w.rhea
        ),
        {"tests"},
    ),
}
PROGRESS: dict[str, Change] = {
    "a live percentage": lambda w: set_weight(flag=w.spare, environment=w.production, weight=FULL, actor=w.rhea),
    "who gets a flag on staging": lambda w: set_targeting(
        flag=w.flag,
        environment=w.release.product.environments.get(is_production=False),
        targeting={"pins": {"u-1": "on"}},
        actor=w.emil,
    ),
    "a flag's kill switch": lambda w: kill(flag=w.flag, environment=w.production, actor=w.rhea),
    "a tick": lambda w: tick_item(item=w.item, actor=w.bea, evidence="mail of Monday"),
    "a check of CI": lambda w: releases.report_check(
        build=w.next_build, kind="regression", status="fail", actor=w.emil
    ),
    "a deployment": lambda w: releases.register_deployment(build=w.next_build, environment=w.production, actor=w.emil),
    "a finding fixed": lambda w: testing.move_finding(finding=w.finding, verb="fixed", actor=w.tomas),
    "the status": lambda w: releases.set_status(release=w.release, status=ReleaseStatus.VALIDATION, actor=w.rhea),
    "a newer policy": lambda w: set_policy(
        product=w.release.product,
        stages=[StageSpec(name="Business", team=w.item.team)],
        actor=w.release.product.policies.get().created_by,
    ),
    "another owner of a feature": lambda w: releases.change_feature(feature=w.typo, owner=w.rhea, actor=w.rhea),
}
COVERS = {
    "Business": {"features", "candidates", "flags", "tests", "plan", "way_back", "checklist", "policy"},
    "QA": {"candidates", "checklist", "features"},
    "Compliance": {"way_back", "plan"},
}


@pytest.mark.parametrize("name", MATERIAL)
def test_p4_a_material_change_voids_exactly_the_stages_that_cover_it(name: str, world: World) -> None:
    change, parts = MATERIAL[name]
    before = world.case.digests
    assert world.granted() == set(COVERS)
    change(world)
    after = world.case.digests
    assert {part for part in after if after[part] != before[part]} == parts
    fallen = {stage for stage, covered in COVERS.items() if covered & parts}
    assert world.granted() == set(COVERS) - fallen
    void = {one.stage.name: set(one.void[0].changed) for one in world.case.standings if one.void}
    assert void == {stage: COVERS[stage] & parts for stage in fallen}


@pytest.mark.parametrize("name", COSMETIC)
def test_p4_a_cosmetic_change_shows_and_voids_nothing(name: str, world: World) -> None:
    change, parts = COSMETIC[name]
    before = {part.name: part.content for part in world.case.parts}
    digest = world.case.digest
    change(world)
    assert world.case.digest == digest
    assert {part.name for part in world.case.parts if part.content != before[part.name]} == parts
    assert world.granted() == set(COVERS)


@pytest.mark.parametrize("name", PROGRESS)
def test_p4_progress_is_no_change_at_all(name: str, world: World) -> None:
    before = [part.content for part in world.case.parts]
    PROGRESS[name](world)
    assert [part.content for part in world.case.parts] == before
    assert world.granted() == set(COVERS)


def test_p4_a_change_taken_back_exactly_restores_every_signature(world: World) -> None:
    seal = world.case.digest
    before = world.fresh.way_back
    releases.change_release(release=world.release, way_back="None.", actor=world.rhea)
    world.plan(steps=STEPS[1:])
    assert world.granted() == {"QA"}
    releases.change_release(release=world.release, way_back=before, actor=world.rhea)
    assert world.granted() == {"QA"}
    world.plan()
    assert world.granted() == set(COVERS) and world.case.digest == seal


def test_p4_every_part_is_in_the_table(world: World) -> None:
    """A part that is added to the seal has to say here what changes it. The policy is pinned: nothing changes it."""
    named = {part for _, parts in MATERIAL.values() for part in parts}
    assert {part.name for part in world.case.parts} == named | {"policy"}
