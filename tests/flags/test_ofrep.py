"""The protocol against a real server process: the OpenFeature client from PyPI, and every status it can answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from core.models import Environment, User
from core.weights import FULL
from flags import actions, keys
from flags.choices import KeyKind
from flags.evaluation import bucket
from flags.models import Flag, ServingProcess
from tests.conftest import FreshDatabase
from tests.flags.conftest import HOLDER
from tests.flags.serve import Server, serving, wait_for

pytestmark = pytest.mark.fresh_db


@dataclass(frozen=True)
class Shop:
    """An application's view: the server, its keys, and an OpenFeature client."""

    server: Server
    key: str
    client_key: str
    flags: OpenFeatureClient

    def __call__(self, flag: str, user: str = "", **context: str) -> bool:
        return self.flags.get_boolean_value(flag, False, EvaluationContext(user or None, context))


@pytest.fixture
def shop(fresh_db: FreshDatabase, claimed: Flag, production: Environment, rhea: User, tmp_path: Path) -> Iterator[Shop]:
    product = claimed.product
    actions.move(flag=claimed, environment=production, weight=30_000, build="", claim=HOLDER, fence=1)
    follows = actions.create_flag(product=product, key="search-rank", name="Ranking", actor=rhea)
    actions.set_weight(flag=follows, environment=production, weight=1, build="sha256:2", actor=rhea)
    public = actions.create_flag(product=product, key="banner", name="Banner", for_clients=True, actor=rhea)
    actions.set_weight(flag=public, environment=production, weight=FULL, actor=rhea)
    _, key = keys.issue_key(environment=production, kind=KeyKind.SERVER, name="shop", actor=rhea)
    _, client_key = keys.issue_key(environment=production, kind=KeyKind.CLIENT, name="browser", actor=rhea)
    with serving(fresh_db.environment, tmp_path / "snapshots") as server:
        provider = OFREPProvider(server.url, headers_factory=lambda: {"Authorization": f"Bearer {key}"})
        api.set_provider(provider)
        yield Shop(server, key, client_key, api.get_client())
        api.clear_providers()


def test_p10_the_openfeature_client_reads_what_the_algorithm_says(shop: Shop) -> None:
    for number in range(200):
        user = f"u-{number}"
        assert shop("search-typo", user) is (bucket("release-7", user) < 30_000)
    details = shop.flags.get_boolean_details("search-typo", False, EvaluationContext("u-1"))
    assert (details.reason, details.variant) == (Reason.SPLIT, "off")
    assert details.flag_metadata == {"release": "Search 2.0"}


def test_a_flag_that_follows_the_route_is_on_for_whoever_the_build_serves(shop: Shop) -> None:
    assert shop("search-rank", "u-1", build="sha256:2")
    assert not shop("search-rank", "u-1", build="sha256:1")
    assert not shop("search-rank", "u-1")


def test_the_client_learns_what_is_wrong(shop: Shop) -> None:
    missing = shop.flags.get_boolean_details("search-typo", True, EvaluationContext())
    assert (missing.value, missing.error_code) == (True, ErrorCode.TARGETING_KEY_MISSING)
    unknown = shop.flags.get_boolean_details("no-such-flag", True, EvaluationContext("u-1"))
    assert (unknown.value, unknown.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)


def test_bulk_answers_all_flags_and_304_while_nothing_changed(
    shop: Shop, claimed: Flag, production: Environment, record_property: Callable[[str, object], None]
) -> None:
    url = f"{shop.server.url}/ofrep/v1/evaluate/flags"
    headers = {"x-api-key": shop.key}
    body = {"context": {"targetingKey": "u-1"}}
    first = httpx.post(url, json=body, headers=headers)
    assert {flag["key"]: flag["value"] for flag in first.json()["flags"]} == {
        "banner": True,
        "search-rank": False,
        "search-typo": False,
    }
    known = {**headers, "if-none-match": first.headers["etag"]}
    again = httpx.post(url, json=body, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    actions.move(flag=claimed, environment=production, weight=FULL, build="", claim=HOLDER, fence=2)
    took = wait_for(lambda: httpx.post(url, json=body, headers=known).status_code == 200, 5)
    record_property("a change reached the serving process after, ms", round(took * 1000))
    assert took < 1.5
    missing = httpx.post(url, json={}, headers=headers).json()["flags"]
    assert [flag["key"] for flag in missing] == ["banner", "search-rank", "search-typo"]


MALFORMED = [
    (b"", 400, "PARSE_ERROR"),
    (b"{", 400, "PARSE_ERROR"),
    (b"[]", 400, "PARSE_ERROR"),
    (b'{"context": []}', 400, "INVALID_CONTEXT"),
    (b'{"context": {"targetingKey": 1}}', 400, "INVALID_CONTEXT"),
    (b'{"context": {}}', 400, "TARGETING_KEY_MISSING"),
    (b'{"context": {"targetingKey": "' + b"u" * 70_000 + b'"}}', 413, "GENERAL"),
]


def test_p12_a_malformed_request_is_told_what_is_wrong(shop: Shop) -> None:
    url = f"{shop.server.url}/ofrep/v1/evaluate/flags/search-typo"
    for body, status, code in MALFORMED:
        for sent in (body, iter([body[:10], body[10:]])):  # with its length announced, and in chunks
            answer = httpx.post(url, content=sent, headers={"x-api-key": shop.key})
            assert (answer.status_code, answer.json()["errorCode"]) == (status, code)
            assert answer.json()["errorDetails"]


def test_keys_open_what_they_are_for_and_nothing_once_revoked(shop: Shop, production: Environment, rhea: User) -> None:
    ask = shop.server.ask
    assert [flag["key"] for flag in ask(shop.client_key, targetingKey="u-1").json()["flags"]] == ["banner"]
    assert ask(shop.client_key, "search-typo", targetingKey="u-1").status_code == 404
    assert ask(shop.client_key, "banner").json()["value"] is True
    assert [ask(key, "banner").status_code for key in ("x", "slf_s_wrong")] == [401, 401]
    keys.revoke_key(key=production.flag_keys.get(kind=KeyKind.CLIENT), actor=rhea)
    wait_for(lambda: ask(shop.client_key, "banner").status_code == 401, 5)
    assert ask(shop.key, "banner").status_code == 200


def test_addresses_are_decoded_once_and_other_methods_refused(shop: Shop) -> None:
    url = f"{shop.server.url}/ofrep/v1/evaluate/flags/"
    headers = {"x-api-key": shop.key}
    assert httpx.post(url + "b%61nner", json={}, headers=headers).json()["key"] == "banner"
    assert httpx.post(url + "b%2561nner", json={}, headers=headers).json()["key"] == "b%61nner"
    assert httpx.post(url + "%ff%2F..", json={}, headers=headers).status_code == 404
    assert httpx.get(url + "banner", headers=headers).status_code == 405
    assert httpx.post(f"{shop.server.url}/ofrep/v2/x", headers=headers).status_code == 404


def test_the_site_and_the_flags_share_one_process(fresh_db: FreshDatabase, shop: Shop, tmp_path: Path) -> None:
    with serving(fresh_db.environment, tmp_path / "more", application="config.asgi") as site:
        assert site.ask(shop.key, "banner").json()["value"] is True
        assert site.ready()["database"] == "reached"
        assert httpx.get(f"{site.url}/healthz").status_code == 200
        assert httpx.get(f"{site.url}/flags/").status_code == 302
        assert ServingProcess.objects.values("process").distinct().count() == 2
    wait_for(lambda: ServingProcess.objects.values("process").distinct().count() == 1, 5)
