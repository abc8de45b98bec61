"""P12: whatever is sent as a context, the answer is never a 5xx. The application itself is called, many times."""

from collections.abc import Iterator

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flags.evaluation import Definition, Targeting, parse_targeting
from flags.evaluation.operators import OPERATORS
from flags.snapshot import Key
from tests.flags import inside

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


@pytest.fixture(scope="module", autouse=True)
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[inside.Inside]:
    with inside.held(tmp_path_factory.mktemp("none"), {KEY: Key(1, "server")}, *FLAGS) as held:
        yield held


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contexts, st.sampled_from(["", "/split", "/route", "/off", "/rules"]))
def test_p12_no_context_of_any_shape_is_a_5xx(held: inside.Inside, context: object, flag: str) -> None:
    body = orjson.dumps({"context": context}, option=orjson.OPT_NON_STR_KEYS, default=str) if _fits(context) else b"{"
    answer = held.ask(inside.BULK + flag, body, key=KEY)
    assert answer.status in (200, 400)
    assert answer.status == 200 or answer.json["errorCode"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_p12_no_body_is_a_5xx(held: inside.Inside, body: bytes) -> None:
    assert held.ask(f"{inside.BULK}/split", body, key=KEY).status in (200, 400)


HEADERS = [
    b"authorization",
    b"content-length",
    b"if-none-match",
    b"origin",
    b"last-event-id",
    b"access-control-request-method",
]
PATHS = [
    b"/ofrep/v1/evaluate/flags",
    b"/ofrep/v1/evaluate/flags/",
    b"/ofrep/v1/stream?ticket=",
    b"/flagd/v1/flags.json",
    b"/",
]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(PATHS),
    st.binary(max_size=60),
    st.sampled_from(["GET", "POST", "OPTIONS", "HEAD", "PUT"]),
    st.dictionaries(st.sampled_from(HEADERS), st.binary(max_size=30)),
    st.sampled_from([b"", b"?flagConfigEtag=", b"?ticket="]),
)
def test_p12_no_address_and_no_header_is_a_5xx(
    held: inside.Inside, path: bytes, rest: bytes, method: str, headers: dict[bytes, bytes], query: bytes
) -> None:
    keyed = [] if path.startswith(b"/ofrep/v1/stream") else [(b"x-api-key", KEY.encode())]
    assert held.send(path + rest + query + rest, b"{}", [*keyed, *headers.items()], method).status < 500


@pytest.mark.parametrize(
    "body", [b'{"context": {"targetingKey": "\\ud800"}}', b"[" * 5_000, b'{"context": {"n": 1e999}}']
)
def test_p12_json_at_its_edges_is_no_5xx(held: inside.Inside, body: bytes) -> None:
    assert held.ask(f"{inside.BULK}/split", body, key=KEY).status == 400


def _fits(context: object) -> bool:
    """Whether it can be said in JSON at all (orjson: 64-bit integers)."""
    try:
        orjson.dumps(context)
    except TypeError:
        return False
    return True
