"""P12: whatever is sent as a context, the answer is never a 5xx. The application itself is called, many times."""

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flags import ofrep, serving
from flags.evaluation import FlagRule
from flags.models import FlagKey
from flags.serving import Holder
from flags.snapshot import Snapshot

KEY = "slf_s_test"
RULES = [
    FlagRule(key="split", seed="s", weight=50_000),
    FlagRule(key="route", seed="s", weight=1, carrier="build", build="b"),
    FlagRule(key="off", seed="s"),
]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
contexts = values | st.fixed_dictionaries({}, optional={"targetingKey": values, "build": values, "country": values})


class Still(Holder):
    """Holds what it was given and follows nobody: only the database's part is left out."""

    def start(self) -> None:
        pass


@pytest.fixture(scope="module", autouse=True)
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    rules = {rule.key: rule for rule in RULES}
    snapshot = Snapshot(1, "storefront production", "storefront", 1, 0.0, rules, {FlagKey.hash(KEY): "server"})
    still = Still(tmp_path_factory.mktemp("none"))
    still._hold({1: snapshot})
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
@given(contexts, st.sampled_from(["", "/split", "/route", "/off"]))
def test_p12_no_context_of_any_shape_is_a_5xx(context: object, flag: str) -> None:
    body = orjson.dumps({"context": context}, option=orjson.OPT_NON_STR_KEYS, default=str) if _fits(context) else b"{"
    status, answer = ask(ofrep.PREFIX + flag.encode(), body)
    assert status in (200, 400)
    assert status == 200 or orjson.loads(answer)["errorCode"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_p12_no_body_is_a_5xx(body: bytes) -> None:
    assert ask(ofrep.PREFIX + b"/split", body)[0] in (200, 400)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=60),
    st.dictionaries(st.sampled_from([b"authorization", b"content-length", b"if-none-match"]), st.binary(max_size=30)),
)
def test_p12_no_address_and_no_header_is_a_5xx(path: bytes, headers: dict[bytes, bytes]) -> None:
    keyed = [(b"x-api-key", KEY.encode()), *headers.items()]
    assert ask(ofrep.PREFIX + b"/" + path, b"{}", keyed)[0] < 500
    assert ask(ofrep.PREFIX, b"{}", keyed)[0] < 500


@pytest.mark.parametrize(
    "body", [b'{"context": {"targetingKey": "\\ud800"}}', b"[" * 5_000, b'{"context": {"n": 1e999}}']
)
def test_p12_json_at_its_edges_is_no_5xx(body: bytes) -> None:
    assert ask(ofrep.PREFIX + b"/split", body)[0] == 400


def test_evaluations_are_counted_and_the_playground_is_not() -> None:
    ofrep.evaluations.clear()
    for user in ("u-1", "u-2"):
        ask(ofrep.PREFIX + b"/off", orjson.dumps({"context": {"targetingKey": user}}))
    ask(ofrep.PREFIX, b"{}")
    assert dict(ofrep.evaluations) == {(1, "off", "off"): 3, (1, "split", "error"): 1, (1, "route", "off"): 1}


def _fits(context: object) -> bool:
    """Whether it can be said in JSON at all (orjson: 64-bit integers)."""
    try:
        orjson.dumps(context)
    except TypeError:
        return False
    return True
