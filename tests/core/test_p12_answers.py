"""P12: bad input gets a clear answer, a 4xx, and no partial write."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.http import Http404, HttpRequest
from django.test import Client, RequestFactory
from ninja import NinjaAPI, Router, Schema
from ninja.testing import TestClient

from config import api as site_api
from core.errors import Conflict, Forbidden, Refused
from core.models import ApiToken, Product, User
from core.views import attempt

Browser = Callable[[User], Client]


class Wanted(Schema):
    name: str
    weight: int


SAYS = {
    "refused": Refused("The digest is not one.", field="build.digest"),
    "forbidden": Forbidden("Only an engineer may."),
    "conflict": Conflict("Somebody was faster."),
    "missing": Http404(),
}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """The site's own handlers and login, over endpoints that fail in every way."""
    router = Router()

    @router.post("/things")
    def create(request: HttpRequest, wanted: Wanted) -> dict[str, str]:
        return {"by": request.auth.name}  # type: ignore[attr-defined]

    @router.get("/says/{what}")
    def say(request: HttpRequest, what: str) -> None:
        raise SAYS[what]

    one = NinjaAPI(urls_namespace="answers", auth=site_api.TokenAuth(), docs_url=None)
    one._exception_handlers = site_api.api._exception_handlers
    one.add_router("", router)
    yield TestClient(one)


@pytest.fixture
def key(rhea: User, storefront: Product) -> str:
    return ApiToken.issue(user=rhea, product=storefront, name="ci")[1]


def test_p12_without_a_token(db: None, client: TestClient) -> None:
    answer = client.get("/says/refused")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("broken", ["revoked", "inactive", "wrong", "left"])
def test_p12_a_token_that_does_not_hold(client: TestClient, rhea: User, key: str, broken: str) -> None:
    if broken == "revoked":
        ApiToken.objects.update(revoked_at="2026-01-01T00:00Z")
    if broken == "inactive":
        User.objects.filter(pk=rhea.pk).update(is_active=False)
    if broken == "left":
        rhea.roles.all().delete()
    given = key[:-1] if broken == "wrong" else key
    assert client.get("/says/refused", headers={"Authorization": f"Bearer {given}"}).status_code == 401


def test_p12_every_wrong_field_is_named(client: TestClient, key: str) -> None:
    answer = client.post("/things", json={"weight": "much"}, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"#/name", "#/weight"}
    assert "much" not in answer.content.decode(), "what was sent is not sent back"


def test_p12_what_is_no_json(client: TestClient, key: str) -> None:
    wrong: Any = "{"  # the test client's own type says that it must be a dictionary
    answer = client.post("/things", data=wrong, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("what", "status"), [("refused", 422), ("forbidden", 403), ("conflict", 409), ("missing", 404)]
)
def test_p12_an_action_that_says_no(client: TestClient, key: str, what: str, status: int) -> None:
    answer = client.get(f"/says/{what}", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == answer.json()["status"] == status
    if what == "refused":
        assert answer.json()["errors"] == [{"pointer": "#/build/digest", "detail": "The digest is not one."}]


def test_p12_unknown_addresses(db: None) -> None:
    browser = Client()
    assert browser.get("/api/v1/nothing").headers["Content-Type"] == "application/problem+json"
    assert "There is nothing here" in browser.get("/nothing").text


def test_the_api_describes_itself(db: None) -> None:
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.")
    assert Client().get("/api/v1/").headers["Location"] == "/api/v1/openapi.json"


def test_p12_a_form_that_does_not_hold_is_not_saved(rhea: User, browser_of: Browser) -> None:
    answer = browser_of(rhea).post("/me/", {"name": "Rhea", "timezone": "Mars/Olympus", "theme": "dark"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    rhea.refresh_from_db()
    assert (rhea.name, rhea.theme) == ("Rhea Lind", "system")


def _refuse(product: Product) -> None:
    with transaction.atomic():
        Product.objects.filter(pk=product.pk).update(name="Half done")
        raise Conflict("Somebody was faster.")


@pytest.mark.parametrize("htmx", [True, False])
def test_p12_attempt_tells_the_reason_and_leaves_nothing_half_done(
    rhea: User, storefront: Product, rf: RequestFactory, htmx: bool
) -> None:
    request = rf.post("/x/")
    request.user, request.htmx = rhea, htmx  # type: ignore[attr-defined]
    answer = attempt(request, lambda: _refuse(storefront), back="/releases/1/")
    assert answer.status_code == 409
    assert "Somebody was faster." in answer.text
    assert answer.headers.get("HX-Retarget") == ("#notes" if htmx else None)
    storefront.refresh_from_db()
    assert storefront.name == "Storefront"


def test_attempt_goes_on_after_success(rhea: User, rf: RequestFactory) -> None:
    request = rf.post("/x/")
    request.user, request.htmx = rhea, False  # type: ignore[attr-defined]
    answer = attempt(request, lambda: 7, back=lambda number: f"/releases/{number}/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/releases/7/")
    request.htmx = True  # type: ignore[attr-defined]
    assert attempt(request, lambda: 7, back="/releases/7/").headers["HX-Redirect"] == "/releases/7/"
