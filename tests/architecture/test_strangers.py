"""Whoever has no role in a product meets nothing of it, at any address; and nobody's rubbish breaks a page."""

import json
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from core.choices import RoleKind
from core.models import ApiToken, AuditEntry, User
from tests.architecture.walk import addresses
from tests.house import PARAMETER, House, furnish
from tests.rollouts.conftest import told
from tests.rollouts.story import Story

__all__ = ["told"]

EVERYBODYS = ("admin/", "login/", "logout/", "password/", "healthz", "demo/", "live/", "me/", "audit/verify/")
RUBBISH = ["", "\x00", "a\x00b", "🚢" * 3, "x" * 5_000, "-1", "9" * 30, "NaN", "[]", "'; --"]
NESTED = '{"attribute": "a", "value": 1, "op":' + "[" * 900 + "]" * 900 + "}"
RUBBISH += ["[" * 3_000, NESTED, f'{{"flags": {{"a": {NESTED}}}, "$evaluators": {{"b": {NESTED}}}}}']
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
    *("title", "steps", "story", "minutes", "tester", "scenario", "step", "version", "onward"),
    *("username", "password", "on", "for_clients", "slug", "person", "user", "zone", "starts_at", "ends_at", "rows"),
    *("version_url", "old_password", "new_password1", "new_password2"),
    *(f"stages.0.{part}" for part in ("name", "team", "turn", "quorum", "due_hours", "covers")),
    *(
        "type",
        "tags",
        "text",
        "act",
        "based_on",
        "due_at",
        "edition",
        "off",
        "pins",
        "needs",
        "rules",
        "wanted",
        "from",
    ),
    *("variant-name", "variant-value", "on-gives", "on-of", "on-percent"),
    *(f"rule-{number}-{part}" for number in (0, 1) for part in ("name", "gives", "of", "percent")),
    *(
        f"{condition}-{part}"
        for condition in ("when", "rule-0-when", "rule-1-when")
        for part in ("match", "as", "attribute", "op", "value", "json")
    ),
)
ASKED = (
    *("part", "all", "edit", "q", "scenario", "after", "step", "mine", "feature", "stream", "action", "person"),
    *("before", "user", "build", "environment", "a", "v", "context", "version", "at", "since", "why", "usage", "page"),
)
OPENING = {"rules": "2", "rule-0-when-as": "json", "when-as": "json", "rule-1-gives": "%", "on-gives": "%", "do": "1"}
"""What has to fit, so that the fields behind it are looked at."""
TOLD = {"version": "9", "kind": "regression", "status": "pass", "environment": "staging", "reason": "Because."}
FITTING = {**TOLD, "repository": "shop/web", "references": []}
BODY = (*FIELDS, "version", "digest", "commit", "author", "slot", "repository", "references")


@pytest.fixture
def house(told: Callable[..., Story], tomas: User) -> House:
    return furnish(told)


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
            text = answer.getvalue().decode() if answer.streaming else answer.text
            assert product.name not in text and "Search 2" not in text, path
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
    opening = {**OPENING, "environment": str(product.environments.get(slug="staging").pk)}
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
            if "flags/" in route:
                answers.append(browser.post(path, {**dict.fromkeys(FIELDS, value), **opening}))
        broken += [f"{answer.request['REQUEST_METHOD']} {path}" for answer in answers if answer.status_code >= 500]
    assert broken == []
