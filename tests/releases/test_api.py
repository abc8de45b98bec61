"""What a pipeline may tell and ask over HTTP, and how it is told no."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.models import ApiToken, AuditEntry, Product, User
from releases.models import Build, Candidate, Check, Deployment
from tests.releases.conftest import DIGEST, OTHER_DIGEST, Ship

Call = Callable[..., tuple[int, dict[str, Any]]]


def caller(user: User, product: Product) -> Call:
    _, key = ApiToken.issue(user=user, product=product, name="pipeline")

    def call(method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        answer = Client(raise_request_exception=False).generic(
            method,
            f"/api/v1{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/problem+json", answer.content
        return answer.status_code, json.loads(answer.content)

    return call


@pytest.fixture
def pipeline(emil: User, storefront: Product) -> Call:
    """Emil's pipeline."""
    return caller(emil, storefront)


BUILD = {"version": "2.0.3", "digest": DIGEST, "commit": "9f3c1e7"}


def test_a_pipeline_tells_its_whole_story(pipeline: Call, ship: Ship) -> None:
    new = {"version": "2.1.0", "digest": OTHER_DIGEST, "author": "emil@example.com"}
    assert pipeline("POST", "/products/storefront/builds", new)[0] == 201
    check = {"kind": "regression", "status": "pass", "summary": "1 290 passed"}
    assert pipeline("POST", f"/builds/{OTHER_DIGEST}/checks", check)[0] == 201
    place = {"digest": OTHER_DIGEST, "environment": "production", "slot": "green"}
    status, told = pipeline("POST", "/products/storefront/deployments", place)
    assert (status, told["version"], told["slot"]) == (201, "2.1.0", "green")
    status, told = pipeline("PUT", f"/releases/{ship.release.pk}/candidate", {"digest": OTHER_DIGEST})
    assert (status, told) == (200, {"product": "storefront", "version": "2.1.0", "digest": OTHER_DIGEST})
    status, told = pipeline("GET", f"/releases/{ship.release.pk}")
    assert (status, told["status"], told["features"]) == (200, "validation", ["Typo-tolerant search"])
    status, told = pipeline("GET", f"/releases/{ship.release.pk}/gates")
    assert status == 200 and told["open"] is all(gate["open"] for gate in told["gates"])
    assert {gate["key"]: gate["sentence"] for gate in told["gates"]}["candidate"] == (
        "2.1.0 passed its regression suite."
    )


def test_p8_everything_told_twice_is_told_once(pipeline: Call, ship: Ship) -> None:
    calls: list[tuple[str, str, dict[str, str]]] = [
        ("POST", "/products/storefront/builds", BUILD),
        ("POST", f"/builds/{DIGEST}/checks", {"kind": "security", "status": "pass"}),
        ("POST", "/products/storefront/deployments", {"digest": DIGEST, "environment": "staging"}),
        ("PUT", f"/releases/{ship.release.pk}/candidate", {"digest": DIGEST}),
    ]
    first = [pipeline(*call) for call in calls]
    counts = [model.objects.count() for model in (Build, Check, Deployment, Candidate, AuditEntry)]
    again = [pipeline(*call) for call in calls]
    assert [status for status, _ in first] == [200, 201, 201, 200]
    assert [status for status, _ in again] == [200, 200, 200, 200]
    assert [told for _, told in again] == [told for _, told in first]
    assert [model.objects.count() for model in (Build, Check, Deployment, Candidate, AuditEntry)] == counts


def test_p12_a_no_names_its_field_and_writes_nothing(pipeline: Call, ship: Ship) -> None:
    builds, checks = "/products/storefront/builds", f"/builds/{DIGEST}/checks"
    deployments, candidate = "/products/storefront/deployments", f"/releases/{ship.release.pk}/candidate"
    green = {"digest": DIGEST, "environment": "production", "slot": "green"}
    cases: list[tuple[str, str, object, int, str]] = [
        ("POST", builds, {**BUILD, "digest": OTHER_DIGEST}, 409, "/version"),
        ("POST", builds, {**BUILD, "version": "9"}, 409, "/version"),
        ("POST", builds, {**BUILD, "commit": "beef"}, 409, "/commit"),
        ("POST", builds, {"version": "9"}, 422, "/digest"),
        ("POST", builds, {**BUILD, "version": ""}, 422, "/version"),
        ("POST", builds, {**BUILD, "version": "x" * 61}, 422, "/version"),
        ("POST", builds, {**BUILD, "digest": "a\u0000b" * 3}, 422, "/digest"),
        ("POST", builds, {**BUILD, "version": 7}, 422, "/version"),
        ("POST", builds, {"version": "9", "digest": OTHER_DIGEST, "author": "otto@example.com"}, 422, "/author"),
        ("POST", checks, {"kind": "vibes", "status": "pass"}, 422, "/kind"),
        ("POST", checks, {"kind": "security", "status": "maybe"}, 422, "/status"),
        ("POST", checks, {"kind": "security", "status": "pass", "summary": "x" * 201}, 422, "/summary"),
        ("POST", deployments, {**green, "digest": OTHER_DIGEST}, 422, "/digest"),
        ("POST", deployments, {**green, "environment": "moon"}, 422, "/environment"),
        ("POST", deployments, {**green, "slot": "red"}, 422, "/slot"),
        ("POST", deployments, {**green, "slot": ""}, 422, "/slot"),
        ("PUT", candidate, {"digest": OTHER_DIGEST}, 422, "/digest"),
        ("POST", builds, [], 422, ""),
        ("POST", builds, {**BUILD, "version": "\ud800"}, 422, ""),
        ("POST", checks, {"kind": "security", "status": "pass", "summary": "\ud800"}, 422, ""),
        ("POST", deployments, {**green, "environment": "a\x00b"}, 422, "/environment"),
    ]
    models = (Build, Check, Deployment, Candidate, AuditEntry)
    before = [model.objects.count() for model in models]
    for method, path, body, status, pointer in cases:
        got, told = pipeline(method, path, body)
        assert got == status, (path, body, told)
        if pointer:
            assert pointer in [error.get("pointer", "").removeprefix("#") for error in told["errors"]], told
    assert [model.objects.count() for model in models] == before


def test_p12_what_is_not_there_is_a_404(pipeline: Call, ship: Ship) -> None:
    for path in (f"/releases/{10**30}", "/releases/0", "/releases/0/gates"):
        assert pipeline("GET", path)[0] == 404
    assert pipeline("POST", "/builds/sha256:nope/checks", {"kind": "security", "status": "pass"})[0] == 404
    assert pipeline("POST", "/products/moon/builds", BUILD)[0] == 404
    assert pipeline("POST", "/products/a%00b/builds", BUILD)[0] in {404, 422}
    assert pipeline("POST", "/builds/a%00b/checks", {"kind": "security", "status": "pass"})[0] in {404, 422}


def test_a_token_reaches_only_its_product(ship: Ship, otto: User, emil: User, storefront: Product) -> None:
    office = otto.roles.get().product
    emil.roles.create(product=office, kind="engineer")
    for call, says in ((caller(otto, office), 404), (caller(otto, storefront), 401), (caller(emil, office), 404)):
        assert call("POST", "/products/storefront/builds", BUILD)[0] == says
        assert call("POST", f"/builds/{DIGEST}/checks", {"kind": "security", "status": "pass"})[0] == says
        assert call("POST", "/products/storefront/deployments", {"digest": DIGEST, "environment": "staging"})[0] == says
        assert call("GET", f"/releases/{ship.release.pk}")[0] == says
        assert call("GET", f"/releases/{ship.release.pk}/gates")[0] == says
        assert call("PUT", f"/releases/{ship.release.pk}/candidate", {"digest": DIGEST})[0] == says


def test_only_an_engineers_token_tells_facts(ship: Ship, storefront: Product, tomas: User) -> None:
    call = caller(tomas, storefront)
    assert call("POST", "/products/storefront/builds", {"version": "9", "digest": OTHER_DIGEST})[0] == 403
    assert call("POST", f"/builds/{DIGEST}/checks", {"kind": "security", "status": "pass"})[0] == 403
    assert call("PUT", f"/releases/{ship.release.pk}/candidate", {"digest": DIGEST})[0] == 403
    assert call("GET", f"/releases/{ship.release.pk}/gates")[0] == 200


def test_p1_the_candidate_stays_under_a_live_rollout(ship: Ship, pipeline: Call) -> None:
    from releases import actions

    pipeline("POST", "/products/storefront/builds", {"version": "9", "digest": OTHER_DIGEST})
    actions.set_status(release=ship.release, status="rollout", actor=None)
    status, told = pipeline("PUT", f"/releases/{ship.release.pk}/candidate", {"digest": OTHER_DIGEST})
    assert (status, told["detail"]) == (409, "The candidate cannot change under a live rollout.")


def test_no_token_no_answer(ship: Ship) -> None:
    answer = Client().get(f"/api/v1/releases/{ship.release.pk}")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
