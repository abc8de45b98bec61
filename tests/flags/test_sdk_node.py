"""The OpenFeature clients of Node.js against a real serving process: what a page does, and what a server does."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.weights import FULL
from tests.conftest import FreshDatabase
from tests.flags import node
from tests.flags.shop import SITE, Shop, open_shop
from tests.services import Services

TICKET_SECONDS = 3


@pytest.fixture(scope="module")
def clients(services: Services) -> Path:
    folder = services.folder / "clients"
    node.install(folder)
    return folder


@pytest.fixture(scope="module")
def shop(shared_db: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(shared_db, tmp_path_factory.mktemp("shop"), SLIPWAY_FLAG_TICKET=str(TICKET_SECONDS)) as opened:
        yield opened


@pytest.fixture
def wire(shop: Shop) -> Iterator[node.Wire]:
    wire = node.Wire(shop.server.url)
    yield wire
    wire.close()


def test_a_page_reads_its_flags_and_hears_of_changes(
    shop: Shop, clients: Path, wire: node.Wire, record_property: Callable[[str, object], None]
) -> None:
    shop.set_weight("banner", FULL)
    context = json.dumps({"targetingKey": "u-1", "user": {"country": "DE"}})
    with node.client(clients, "browser.mjs", wire.url, shop.client_key, SITE, context) as page:
        page.hear(lambda said: said == {"ready": True})
        page.hear(lambda said: said == {"stream": "open"})
        page.ask("string theme")
        theme = page.hear(lambda said: "flag" in said)
        assert (theme["value"], theme["variant"], theme["reason"]) == ("light", "off", "TARGETING_MATCH")
        page.ask("boolean search-typo")
        assert page.hear(lambda said: "flag" in said)["errorCode"] == "FLAG_NOT_FOUND", "not marked for clients"
        began = time.monotonic()
        shop.set_weight("banner", 0)
        assert page.hear(lambda said: "changed" in said)["changed"] == ["banner"]
        record_property("a change reached a page after, ms", round((time.monotonic() - began) * 1000))
        page.ask("boolean banner")
        assert page.hear(lambda said: "flag" in said)["value"] is False


def test_a_page_whose_stream_was_cut_after_its_ticket_expired_listens_again(
    shop: Shop, clients: Path, wire: node.Wire
) -> None:
    """Nothing changed meanwhile: a plain 304 would send it back to the ticket that has expired, for ever."""
    shop.set_weight("banner", FULL)
    with node.client(clients, "browser.mjs", wire.url, shop.client_key, SITE, '{"targetingKey": "u-1"}') as page:
        page.hear(lambda said: said == {"stream": "open"})
        time.sleep(TICKET_SECONDS + 1)
        wire.cut()
        page.hear(lambda said: said.get("stream") == "cut")
        page.hear(lambda said: said == {"stream": "closed", "code": 401}, 15)
        page.hear(lambda said: said == {"stream": "open"}, 15)
        shop.set_weight("banner", 0)
        assert page.hear(lambda said: bool(said.get("changed")))["changed"] == ["banner"]


def test_a_page_of_another_site_is_refused(shop: Shop, clients: Path) -> None:
    arguments = (shop.server.url, shop.client_key, "https://evil.example", "{}")
    with node.client(clients, "browser.mjs", *arguments) as page:
        assert page.hear(lambda said: "fetched" in said) == {"fetched": 403}
        assert page.hear(lambda said: "ready" in said)["ready"] is False


def test_a_server_reads_every_type(shop: Shop, clients: Path) -> None:
    asked: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        (
            "boolean",
            "search-rank",
            {"build": "sha256:2"},
            {"value": True, "reason": "TARGETING_MATCH", "variant": "on"},
        ),
        ("string", "theme", {}, {"value": "dark", "reason": "DEFAULT"}),
        ("number", "limit", {}, {"value": 10, "reason": "STATIC"}),
        ("number", "ratio", {}, {"value": 1}),
        ("object", "layout", {}, {"value": {"columns": [1, 2], "wide": True}}),
        (
            "boolean",
            "search-typo",
            {"targetingKey": "u-1"},
            {"value": False, "flagMetadata": {"release": "Search 2.0"}},
        ),
        ("boolean", "search-typo", {}, {"value": False, "errorCode": "TARGETING_KEY_MISSING"}),
        ("boolean", "nothing/there?", {}, {"value": False, "errorCode": "FLAG_NOT_FOUND"}),
        ("string", "limit", {}, {"value": "none", "errorCode": "TYPE_MISMATCH"}),
    ]
    with node.client(clients, "server.mjs", shop.server.url, shop.key) as server:
        for type, flag, context, expected in asked:
            server.ask(json.dumps({"type": type, "flag": flag, "context": context}))
            answer = server.hear(lambda said: "flagKey" in said)
            assert {name: answer.get(name) for name in expected} == expected
