"""Whoever has no role in a product meets nothing of it, at any address; and nobody's rubbish breaks a page."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.test import Client

from approvals.actions import add_item, submit_release
from core.choices import RoleKind
from core.models import ApiToken, AuditEntry, Environment, User
from releases import actions as releases
from rollouts.actions import start_rollout
from tests.architecture.walk import addresses
from tests.rollouts.conftest import told
from tests.rollouts.story import Story
from validation.actions import start_run, submit_result, write_scenario
from validation.models import Finding

__all__ = ["told"]

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
EVERYBODYS = ("admin/", "login/", "logout/", "password/", "healthz", "demo/", "live/", "me/", "audit/verify/")
RUBBISH = ["", "\x00", "a\x00b", "🚢" * 3, "x" * 5_000, "-1", "9" * 30, "NaN", "[]", "'; --"]
FIELDS = (
    *("name", "summary", "way_back", "description", "owner", "flags", "no_flag_reason", "feature", "other", "kind"),
    *("build", "product", "products", "reason", "status", "note", "finding", "severity", "environment", "verb"),
    *(
        "verdict",
        "seal",
        "done",
        "evidence",
        "percent",
        "key",
        "expected_removal",
        "timezone",
        "theme",
        "next",
        "email",
    ),
    *("username", "password", "on", "for_clients"),
)
ASKED = ("part", "all", "edit", "q", "scenario", "stream", "action", "person", "before", "user", "build", "environment")
FITTING = {"version": "9", "kind": "regression", "status": "pass", "environment": "staging", "reason": "Because."}
BODY = (*FIELDS, "version", "digest", "commit", "author", "slot")


@dataclass
class House:
    """One of everything that has an address: by the first words of a route, what its parameters are."""

    story: Story
    values: dict[str, dict[str, object]]

    def path(self, route: str) -> str:
        given = max((start for start in self.values if route.startswith(start)), key=len)
        return "/" + PARAMETER.sub(lambda found: str(self.values[given][found[1]]), route)


@pytest.fixture
def house(told: Callable[..., Story], rhea: User, emil: User, tomas: User, staging: Environment) -> House:
    """A rollout under way, and a release of which something is tested, signed, ticked and linked."""
    story = told(bake=600)
    rollout = start_rollout(release=story.release, actor=rhea)
    product, flag = story.release.product, story.flags[0]
    second = releases.create_release(product=product, name="Search 2.1", actor=rhea, way_back="One click.")
    features = [
        releases.add_feature(release=second, name=name, owner=emil, actor=rhea, no_flag_reason="It is dark.")
        for name in ("Filters", "Facets")
    ]
    link = releases.link_features(feature=features[0], other=features[1], kind="after", actor=rhea)
    build, _ = releases.register_build(product=product, version="2.1", digest=f"sha256:{'c' * 64}", actor=emil)
    releases.register_deployment(build=build, environment=staging, actor=emil)
    releases.set_candidate(release=second, build=build, actor=emil)
    scenario = write_scenario(release=second, title="A customer filters", steps=[{"do": "Search"}], actor=tomas)
    run = start_run(release=second, environment=staging, tester=tomas)
    found = {"note": "It hangs.", "finding": "Hangs", "severity": "minor"}
    submit_result(run=run, scenario=scenario, status="fail", actor=tomas, **found)
    item = add_item(release=second, text="Support knows", team=product.teams.get(name="Business"), actor=rhea)
    asked = submit_release(release=second, actor=rhea)[0]
    of_release: dict[str, object] = {
        "release_id": second.pk,
        "feature_id": features[0].pk,
        "link_id": link.pk,
        "pk": second.pk,
    }
    values: dict[str, dict[str, object]] = {
        "": {},
        "releases/": of_release,
        "runs/": {"pk": run.pk, "scenario_pk": scenario.pk},
        "findings/": {"pk": Finding.objects.get().pk},
        "approve/": {"pk": asked.pk},
        "checklist/": {"pk": item.pk},
        "rollouts/": {"pk": rollout.pk, "key": flag.key},
        "flags/": {"product": product.slug, "key": flag.key, "environment": staging.slug},
        "api/v1/": {"slug": product.slug, "digest": build.digest, "release_id": second.pk, "pk": rollout.pk},
        "password/": {"uidb64": "MQ", "token": "x-y"},
    }
    return House(story, values)


def routes() -> Iterator[str]:
    for address in addresses():
        if not address.route.startswith("admin/"):
            yield address.route


def test_nobody_meets_anything_of_a_product_in_which_they_have_no_role(
    house: House, otto: User, browser_of: Callable[[User], Client]
) -> None:
    own = otto.roles.get().product
    _, key = ApiToken.issue(user=otto, product=own, name="ci")
    browser, machine = browser_of(otto), Client(headers={"Authorization": f"Bearer {key}"})
    product, entries = house.story.release.product, AuditEntry.objects.count()
    for route in routes():
        path = house.path(route)
        if route.startswith(EVERYBODYS):
            continue
        if route.startswith("api/"):
            body = json.dumps({**FITTING, "digest": house.values["api/v1/"]["digest"]})
            answers = [machine.generic(verb, path, body, "application/json") for verb in ("GET", "POST", "PUT")]
        else:
            answers = [browser.get(path), browser.post(path, {}), browser.get(path, headers={"HX-Request": "true"})]
        for answer in answers:
            if PARAMETER.search(route):
                assert answer.status_code in {404, 405}, path
            assert product.name not in answer.text and "Search 2" not in answer.text, path
    assert AuditEntry.objects.count() == entries


@pytest.mark.parametrize("value", RUBBISH, ids=lambda value: repr(value[:6]))
def test_p12_rubbish_gets_an_answer_and_never_a_5xx(
    value: str, house: House, browser_of: Callable[[User], Client]
) -> None:
    """From an owner, whom no permission stops before the rubbish is looked at."""
    rhea, product = house.story.rhea, house.story.release.product
    for kind in RoleKind:
        rhea.roles.get_or_create(product=product, kind=kind)
    _, key = ApiToken.issue(user=rhea, product=product, name="ci")
    browser, machine = browser_of(rhea), Client(headers={"Authorization": f"Bearer {key}"})
    browser.raise_request_exception = machine.raise_request_exception = False
    broken = []
    for route in routes():
        if route.startswith(("logout/", "live/", "demo/hurt")):
            continue
        path = house.path(route)
        if route.startswith("api/"):
            body = json.dumps(dict.fromkeys(BODY, value))
            answers = [machine.generic(verb, path, body, "application/json") for verb in ("POST", "PUT")]
        else:
            answers = [browser.get(path, dict.fromkeys(ASKED, value)), browser.post(path, dict.fromkeys(FIELDS, value))]
        broken += [f"{answer.request['REQUEST_METHOD']} {path}" for answer in answers if answer.status_code >= 500]
    assert broken == []
