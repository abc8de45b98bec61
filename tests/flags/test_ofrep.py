"""The protocol against a real server process: the OpenFeature client from PyPI, and every status it can answer."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from flags import keys
from flags.evaluation import bucket
from flags.models import ServingProcess
from tests.conftest import FreshDatabase
from tests.flags.serve import serving, wait_for
from tests.flags.shop import BULK, Shop, open_shop

NOBODY = EvaluationContext()


@pytest.fixture(scope="module")
def shop(shared_db: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(shared_db, tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.fixture
def flags(shop: Shop) -> Iterator[OpenFeatureClient]:
    api.set_provider(OFREPProvider(shop.server.url, headers_factory=lambda: {"Authorization": f"Bearer {shop.key}"}))
    yield api.get_client()
    api.clear_providers()


def test_p10_the_openfeature_client_reads_what_the_algorithm_says(flags: OpenFeatureClient) -> None:
    for number in range(200):
        user = f"u-{number}"
        value = flags.get_boolean_value("search-typo", False, EvaluationContext(user))
        assert value is (bucket("release-7", user) < 30_000)
    details = flags.get_boolean_details("search-typo", False, EvaluationContext("u-1"))
    assert (details.reason, details.variant) == (Reason.SPLIT, "off")
    assert details.flag_metadata == {"release": "Search 2.0"}


def test_a_flag_that_follows_the_route_is_on_for_whoever_the_build_serves(flags: OpenFeatureClient) -> None:
    for build, on in (({"build": "sha256:2"}, True), ({"build": "sha256:1"}, False), ({}, False)):
        assert flags.get_boolean_value("search-rank", not on, EvaluationContext("u-1", build)) is on


def test_every_type_arrives_as_what_it_is(flags: OpenFeatureClient) -> None:
    german = EvaluationContext("u-1", {"user": {"country": "DE"}})
    theme = flags.get_string_details("theme", "none", NOBODY)
    assert (theme.value, theme.variant, theme.reason) == ("dark", "on", Reason.DEFAULT)
    theme = flags.get_string_details("theme", "none", german)
    assert (theme.value, theme.variant, theme.reason) == ("light", "off", Reason.TARGETING_MATCH)
    assert flags.get_integer_value("limit", 0, NOBODY) == 10
    ratio = flags.get_float_details("ratio", 0.0, NOBODY)
    assert (ratio.value, type(ratio.value), ratio.reason) == (1.0, float, Reason.STATIC)
    assert flags.get_object_value("layout", {}, NOBODY) == {"columns": [1, 2.0], "wide": True}
    assert flags.get_integer_details("theme", 7, NOBODY).error_code == ErrorCode.TYPE_MISMATCH


def test_the_client_learns_what_is_wrong(flags: OpenFeatureClient) -> None:
    missing = flags.get_boolean_details("search-typo", True, NOBODY)
    assert (missing.value, missing.error_code) == (True, ErrorCode.TARGETING_KEY_MISSING)
    unknown = flags.get_boolean_details("no-such-flag", True, EvaluationContext("u-1"))
    assert (unknown.value, unknown.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)


def test_bulk_answers_all_flags_and_304_while_nothing_changed(shop: Shop) -> None:
    first = shop.bulk(shop.key)
    found = {flag["key"]: flag for flag in first.json()["flags"]}
    assert {key: flag["value"] for key, flag in found.items() if key.startswith("search")} == {
        "search-rank": False,
        "search-typo": False,
    }
    assert all({"variant", "reason", "metadata"} <= flag.keys() for flag in found.values())
    assert b'"value":1.0' in first.content
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = shop.bulk(shop.key, if_none_match=known)
        assert (again.status_code, again.content, again.headers["etag"].removeprefix("W/")) == (304, b"", tag)
    assert shop.bulk(shop.key, user="u-2", if_none_match=tag).status_code == 304, "another user with the same values"
    shop.set_weight("limit", 0)
    assert wait_for(lambda: shop.bulk(shop.key, if_none_match=tag).status_code == 200, 5) < 1.5
    failed = httpx.post(f"{shop.server.url}{BULK}", json={}, headers={"x-api-key": shop.key}).json()["flags"]
    entry = next(flag for flag in failed if flag["key"] == "search-typo")
    assert (entry["errorCode"], len(failed)) == ("TARGETING_KEY_MISSING", len(found)), "it stays an entry"


def test_an_etag_stands_for_what_is_said_not_for_a_version(shop: Shop) -> None:
    """A change that gives this user nothing else costs them nothing."""
    before = shop.bulk(shop.key)
    version = shop.set_weight("search-rank", 2, build="sha256:2")
    wait_for(lambda: int(shop.bulk(shop.key).headers["slipway-flags-version"]) >= version, 5)
    assert shop.bulk(shop.key, if_none_match=before.headers["etag"]).status_code == 304


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
    url = f"{shop.server.url}{BULK}/search-typo"
    for body, status, code in MALFORMED:
        for sent in (body, iter([body[:10], body[10:]])):  # with its length announced, and in chunks
            answer = httpx.post(url, content=sent, headers={"x-api-key": shop.key})
            assert (answer.status_code, answer.json()["errorCode"]) == (status, code)
            assert answer.json()["errorDetails"]


def test_keys_open_what_they_are_for_and_nothing_once_revoked(shop: Shop) -> None:
    ask = shop.server.ask
    row, key = shop.more_key()
    wait_for(lambda: ask(key, "banner").status_code == 200, 5)
    assert [flag["key"] for flag in ask(key, targetingKey="u-1").json()["flags"]] == ["banner", "theme"]
    assert ask(key, "search-typo", targetingKey="u-1").status_code == 404
    assert [ask(wrong, "banner").status_code for wrong in ("x", "slf_s_wrong")] == [401, 401]
    keys.revoke_key(key=row, actor=None)
    wait_for(lambda: ask(key, "banner").status_code == 401, 5)
    assert ask(shop.key, "banner").status_code == 200


def test_a_key_that_asks_too_often_is_told_when_to_come_back(shop: Shop) -> None:
    _, key = shop.more_key(rate=3)
    wait_for(lambda: shop.server.ask(key, "banner").status_code != 401, 5)
    answers = [shop.server.ask(key, "banner") for _ in range(12)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert len(late) >= 6, "three at once, then three a second"
    assert all(answer.headers["retry-after"] == "1" and answer.json()["errorDetails"] for answer in late)
    assert shop.server.ask(shop.key, "banner").status_code == 200, "each key has a measure of its own"
    wait_for(lambda: shop.server.ask(key, "banner").status_code == 200, 3)


def test_addresses_are_decoded_once_and_other_methods_refused(shop: Shop) -> None:
    url = f"{shop.server.url}{BULK}/"

    def post(path: str) -> Any:
        return httpx.post(url + path, json={}, headers={"x-api-key": shop.key})

    assert post("b%61nner").json()["key"] == "banner"
    assert post("b%2561nner").json()["key"] == "b%61nner"
    assert post("%ff%2F..").status_code == 404
    wrong = httpx.get(url + "banner", headers={"x-api-key": shop.key})
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST, OPTIONS")
    assert httpx.post(f"{shop.server.url}/ofrep/v2/x", headers={"x-api-key": shop.key}).status_code == 404


def test_the_site_and_the_flags_share_one_process(shop: Shop) -> None:
    with serving(shop.environment, shop.snapshots, application="config.asgi") as site:
        assert site.ask(shop.key, "banner").json()["key"] == "banner"
        assert site.ready()["database"] == "reached"
        assert httpx.get(f"{site.url}/healthz").status_code == 200
        assert httpx.get(f"{site.url}/flags/").status_code == 302
        assert ServingProcess.objects.values("process").distinct().count() == 2
    wait_for(lambda: ServingProcess.objects.values("process").distinct().count() == 1, 5)
