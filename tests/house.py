"""A furnished house: one of everything that has an address, and what its addresses are.

The architecture's tests walk it, the browser looks at each of its screens, and the bench asks for them.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.test import override_settings

from approvals.actions import add_item, ask, submit_release, tick_item
from core import clock
from core.models import ApiToken, Environment, Product, User
from flags import actions as flags
from flags.actions.code import Place
from flags.choices import KeyKind
from flags.keys import issue_key
from flags.models import Flag
from releases import actions as releases
from releases.models import Build, Release
from rollouts import actions as rollouts
from rollouts.models import Rollout
from tests.rollouts import story
from tests.rollouts.story import Story, run_until, visitors
from validation.actions import finish_run, raise_finding, start_run, submit_result, submit_step, write_scenario
from validation.models import Finding, Run, Scenario

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass
class House:
    """By the first words of a route, what its parameters are; `rollouts` are those in every state, by name."""

    story: Story
    release: Release
    values: dict[str, dict[str, object]]
    rollouts: dict[str, Rollout] = field(default_factory=dict)

    def path(self, route: str) -> str:
        """Where `route` leads here. Raises KeyError for a parameter that nobody furnished."""
        given = max((start for start in self.values if route.startswith(start)), key=len)
        return "/" + PARAMETER.sub(lambda found: str(self.values[given][found[1]]), route)


def person(name: str) -> User:
    return User.objects.get(email=f"{name}@example.com")


def furnish(told: Callable[..., Story]) -> House:
    """A rollout under way, and a release of which something is tested, signed, ticked and linked."""
    before = told(bake=600)
    rollout = rollouts.start_rollout(release=before.release, actor=before.rhea)
    product, rhea, emil = before.release.product, before.rhea, before.emil
    staging = product.environments.get(slug="staging")
    second = releases.create_release(product=product, name="Search 2.1", actor=rhea, way_back="One click.")
    features = [
        releases.add_feature(release=second, name=name, owner=emil, actor=rhea, no_flag_reason="It is dark.")
        for name in ("Filters", "Facets")
    ]
    link = releases.link_features(feature=features[0], other=features[1], kind="after", actor=rhea)
    build, _ = releases.register_build(product=product, version="2.1", digest=f"sha256:{'c' * 64}", actor=emil)
    releases.register_deployment(build=build, environment=staging, actor=emil)
    releases.set_candidate(release=second, build=build, actor=emil)
    run, scenario = _test(second, staging, "A customer filters")
    item = add_item(release=second, text="Support knows", team=product.teams.get(name="Business"), actor=rhea)
    asked = submit_release(release=second, actor=rhea)[0]
    _clean_up(product, "old", emil, rhea)
    values: dict[str, dict[str, object]] = {
        "": {},
        "products/": _settings(product, rhea, emil),
        "releases/": {
            "release_id": second.pk,
            "feature_id": features[0].pk,
            "link_id": link.pk,
            "scenario_pk": scenario.pk,
            "pk": second.pk,
        },
        "runs/": {"pk": run.pk, "scenario_pk": scenario.pk},
        "findings/": {"pk": Finding.objects.get().pk},
        "approve/": {"pk": asked.pk},
        "checklist/": {"pk": item.pk},
        "questions/": {"pk": ask(request=asked, person=before.bea, text="Why now?").pk},
        "rollouts/": {"pk": rollout.pk, "key": before.flags[0].key},
        "flags/": _flag(before.flags[0], staging, rhea),
        "api/v1/": {
            "slug": product.slug,
            "digest": build.digest,
            "release_id": second.pk,
            "pk": rollout.pk,
            "environment": staging.slug,
        },
        "password/": {"uidb64": "MQ", "token": "x-y"},
    }
    return House(before, second, values)


def _settings(product: Product, rhea: User, emil: User) -> dict[str, object]:
    """One row of each section of a product's page."""
    later = clock.now() + timedelta(days=365)
    freeze = releases.add_freeze(
        product=product, reason="Next winter", starts_at=later, ends_at=later + timedelta(days=1), actor=rhea
    )
    staging = product.environments.get(slug="staging")
    token, _ = ApiToken.issue(user=emil, product=product, name="pipeline")
    key, _ = issue_key(environment=staging, kind=KeyKind.SERVER, name="shop", actor=rhea)
    condition = {
        "any": [
            {"attribute": "user.group", "op": "equals", "value": "staff"},
            {"attribute": "email", "op": "ends_with", "value": "@shop.example"},
        ]
    }
    segment = flags.create_segment(product=product, key="staff", name="Staff", condition=condition, actor=emil)
    slot = product.environments.get(is_production=True).slots.get(name="blue")
    team = product.teams.get(name="Business")
    return {
        "slug": product.slug,
        "user_id": person("bea").pk,
        "role_id": person("bea").roles.get().pk,
        "team_id": team.pk,
        "token_id": token.pk,
        "key_id": key.pk,
        "segment_key": segment.key,
        "environment": staging.slug,
        "slot_id": slot.pk,
        "freeze_id": freeze.pk,
    }


def _clean_up(product: Product, name: str, owner: User, actor: User) -> None:
    """A flag past its date that somebody is asked to take out, an archived one, and code that mentions both."""
    yesterday = clock.now().date() - timedelta(days=1)
    past = flags.create_flag(product=product, key=name, name=name, actor=owner, expected_removal=yesterday)
    flags.ask_clean_up(flag=past, actor=actor)
    gone = flags.create_flag(product=product, key=f"{name}-gone", name=name, actor=owner)
    flags.archive_flag(flag=gone, actor=actor)
    places = [Place(key, "app.py", line) for line, key in enumerate((name, gone.key, f"{name}-never"), 1)]
    flags.report_code(product=product, repository=f"shop/{name}", commit="9f3c1e7", places=places, actor=actor)


def _test(release: Release, staging: Environment, title: str) -> tuple[Run, Scenario]:
    """Tomas tries one thing, and it hangs."""
    tomas = person("tomas")
    scenario = write_scenario(release=release, title=title, steps=[{"do": "Search"}], actor=tomas)
    run = start_run(release=release, environment=staging, tester=tomas)
    submit_step(run=run, scenario=scenario, step=1, status="fail", note="It hangs.", actor=tomas)
    submit_result(run=run, scenario=scenario, status="fail", actor=tomas)
    words = f"{title}, and it hangs"
    raise_finding(
        release=release, build=run.build, actor=tomas, title=words, severity="minor", scenario=scenario, step=1
    )
    return run, scenario


def _flag(flag: Flag, environment: Environment, actor: User) -> dict[str, object]:
    """One with a rule, a pin and a split, whose change waits for its time."""
    split = {"split": [["on", 60_000], ["off", 40_000]]}
    staff = {"name": "Staff", "when": {"attribute": "group", "op": "equals", "value": "staff"}, "serve": split}
    targeting = {"pins": {"u-1": "on"}, "rules": [staff, {**staff, "name": "Again"}]}
    flags.set_targeting(flag=flag, environment=environment, targeting=targeting, actor=actor)
    later = clock.now() + timedelta(days=30)
    changes = {"carrier": "percentage", "weight": 5_000, "build": ""}
    said: dict[str, Any] = {"actor": actor, "action": "flag_weight_set", "reason": "Then half of us are back."}
    planned = flags.submit_change(flag=flag, environment=environment, changes=changes, due_at=later, **said)
    version = flag.states.get(environment=environment).version
    where = {"product": flag.product.slug, "key": flag.key, "environment": environment.slug}
    return {**where, "version": version, "pk": planned.pk}


@contextmanager
def told_in(folder: Path) -> Iterator[Callable[..., Story]]:
    """`told(bake=600)` is a release that may go; inside, routers and sources are what its plan names."""
    route = {"backend": "recording", "options": {"file": str(folder / "route.json")}}
    log = {"backend": "access_log", "options": {"path": str(folder / "visits.log")}}
    found = {"SLIPWAY_ROUTERS": {"flag": {"backend": "flag"}, "route": route}, "SLIPWAY_METRICS": {"visits": log}}
    with override_settings(**found):
        yield lambda **of_the_plan: story.tell(folder, **of_the_plan)


def live_through(house: House, told: Callable[..., Story]) -> None:
    """Rollouts that ended well and badly, one that a person holds, and one that hears nothing of its users."""
    rhea = house.story.rhea

    def begin(name: str, done: Callable[[Rollout], object], **of_the_plan: object) -> Rollout:
        next_one = told(name=name, carried_by_flags=True, **of_the_plan)
        rollout = rollouts.start_rollout(release=next_one.release, actor=rhea)
        house.rollouts[name] = run_until(rollout, lambda row: bool(done(row)))
        return rollout

    with visitors(house.story.log):
        healthy = Rollout.objects.get(release=house.story.release)
        house.rollouts["Search 2.0"] = run_until(healthy, lambda row: row.baked_since is not None)
        begin("Wish list", lambda row: row.ended_at, weights=[100_000])
        back = begin("Price alerts", lambda row: row.baked_since, bake=600)
        rollouts.roll_back(rollout=back, actor=rhea, reason="Support hears of wrong prices.")
        run_until(back, lambda row: row.restored_at is not None)
        held = begin("Gift cards", lambda row: row.baked_since, bake=600)
        rollouts.hold(rollout=held, actor=rhea, reason="Wait for the newsletter.")
    begin("Reviews", lambda row: row.baked_since, bake=600, source="visits", query={"canary": "x", "stable": "y"})


def grow(house: House, more: int, round_: int = 0) -> None:
    """`more` of everything that a page may list."""
    product: Product = house.story.release.product
    rhea, emil = house.story.rhea, house.story.emil
    staging, production = (product.environments.get(slug=slug) for slug in ("staging", "production"))
    business = product.teams.get(name="Business")
    for number in range(more):
        name = f"{round_}-{number}"
        _feature_of(house.release, name, emil, rhea)
        releases.register_deployment(build=Build.objects.get(version="2.1"), environment=staging, actor=emil)
        _test(house.release, staging, f"A customer tries {name}")
        item = add_item(release=house.release, text=f"Somebody did {name}", team=business, actor=rhea)
        tick_item(item=item, actor=person("bea"), evidence=f"Note {name}")
        other = releases.create_release(
            product=product, name=f"Small {name}", actor=rhea, way_back="The flag goes off."
        )
        _feature_of(other, f"small-{name}", emil, rhea)
        digest = f"sha256:{abs(hash(name)):064x}"
        build, _ = releases.register_build(product=product, version=f"3.{name}", digest=digest, actor=emil)
        releases.register_deployment(build=build, environment=staging, actor=emil)
        releases.set_candidate(release=other, build=build, actor=emil)
        run, _ = _test(other, staging, f"A customer tries small {name}")
        finish_run(run=run, actor=person("tomas"))
        submit_release(release=other, actor=rhea)
        releases.add_slot(environment=production, name=f"slot-{name}", actor=emil)
        _clean_up(product, f"old-{name}", emil, rhea)


def _feature_of(release: Release, name: str, owner: User, actor: User) -> None:
    flag = story.make_flag(release.product, f"flag-{name}", actor)
    releases.add_feature(release=release, name=f"Feature {name}", owner=owner, actor=actor, flags=[flag])
