"""P12: whatever is sent as a context, the answer is never a 5xx. The application itself is called, many times."""

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flags import ofrep, serving
from flags.evaluation import Definition, Targeting, parse_targeting
from flags.evaluation.operators import OPERATORS
from flags.models import FlagKey
from flags.ofrep.evaluate import PATH
from flags.serving import Holder
from flags.snapshot import Key, Snapshot

KEY = "slf_s_test"


def every_operator() -> Targeting:
    """All operators on what people send, asked one after the other until one fits."""
    sample: dict[str, object] = {
        "in": ["a", 1],
        "matches": "^a+$",
        "before": "2026-01-01",
        "after": "2026-01-01T00:00Z",
    }
    sample |= dict.fromkeys(("less", "at_most", "more", "at_least"), 5)
    sample |= dict.fromkeys(("equals", "contains", "starts_with", "ends_with"), "a")
    versions = ("version_equals", "version_less", "version_at_most", "version_more", "version_at_least")
    sample |= dict.fromkeys(versions, "1.2.3")
    assert set(sample) == set(OPERATORS)
    asked = [
        {"attribute": attribute, "op": op, "value": value}
        for op, value in sample.items()
        for attribute in ("country", "user.country", "targetingKey")
    ]
    return parse_targeting(
        {
            "on": {"split": [["on", 50_000], ["off", 50_000]]},
            "off": "off",
            "pins": {"u-1": "on"},
            "needs": [],
            "rules": [{"name": "Any", "when": {"any": asked}, "serve": {"variant": "off"}}],
        },
        variants=["on", "off"],
        segments=[],
        flags=[],
    )


FLAGS = [
    Definition(key="split", seed="s", weight=50_000),
    Definition(key="route", seed="s", weight=1, carrier="build", build="b"),
    Definition(key="off", seed="s"),
    Definition(key="rules", seed="s", targeting=every_operator()),
]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
attributes = {"targetingKey": values, "build": values, "country": values, "user": values}
contexts = values | st.fixed_dictionaries({}, optional=attributes)


class Still(Holder):
    """Holds what it was given and follows nobody: only the database's part is left out."""

    def start(self) -> None:
        pass


@pytest.fixture(scope="module", autouse=True)
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    flags = {flag.key: flag for flag in FLAGS}
    ids = {key: number for number, key in enumerate(flags)}
    keys = {FlagKey.hash(KEY): Key(1, "server")}
    still = Still(tmp_path_factory.mktemp("none"))
    still.hold({1: Snapshot(1, "storefront production", "storefront", 1, 0.0, flags, ids, {}, keys)})
    before, serving.holder = serving.holder, still
    yield
    serving.holder = before


def ask(path: bytes, body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> tuple[int, bytes]:
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    keyed = [(b"x-api-key", KEY.encode())] if headers is None else headers
    scope = {"type": "http", "method": "POST", "path": "", "raw_path": path, "headers": keyed}
    asyncio.run(ofrep.application(scope, receive, send))
    return said[0]["status"], said[1]["body"]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contexts, st.sampled_from(["", "/split", "/route", "/off", "/rules"]))
def test_p12_no_context_of_any_shape_is_a_5xx(context: object, flag: str) -> None:
    body = orjson.dumps({"context": context}, option=orjson.OPT_NON_STR_KEYS, default=str) if _fits(context) else b"{"
    status, answer = ask(PATH + flag.encode(), body)
    assert status in (200, 400)
    assert status == 200 or orjson.loads(answer)["errorCode"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_p12_no_body_is_a_5xx(body: bytes) -> None:
    assert ask(PATH + b"/split", body)[0] in (200, 400)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=60),
    st.dictionaries(st.sampled_from([b"authorization", b"content-length", b"if-none-match"]), st.binary(max_size=30)),
)
def test_p12_no_address_and_no_header_is_a_5xx(path: bytes, headers: dict[bytes, bytes]) -> None:
    keyed = [(b"x-api-key", KEY.encode()), *headers.items()]
    assert ask(PATH + b"/" + path, b"{}", keyed)[0] < 500
    assert ask(PATH, b"{}", keyed)[0] < 500


@pytest.mark.parametrize(
    "body", [b'{"context": {"targetingKey": "\\ud800"}}', b"[" * 5_000, b'{"context": {"n": 1e999}}']
)
def test_p12_json_at_its_edges_is_no_5xx(body: bytes) -> None:
    assert ask(PATH + b"/split", body)[0] == 400


def _fits(context: object) -> bool:
    """Whether it can be said in JSON at all (orjson: 64-bit integers)."""
    try:
        orjson.dumps(context)
    except TypeError:
        return False
    return True
