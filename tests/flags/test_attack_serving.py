"""What somebody who only has a client key can learn, cost or keep from others. The application itself, no database."""

import asyncio
import gc
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from core.weights import FULL
from flags import ofrep
from flags.evaluation import Definition, compile_all
from flags.ofrep import etags, stream, wire
from flags.snapshot import Key
from tests.flags import inside

SERVER, CLIENT = "slf_s_test", "slf_c_test"


def ruled(when: Any, key: str = "ruled", **more: Any) -> Definition:
    rules = [{"name": "Any", "when": when, "serve": {"variant": "on"}}]
    targeting = {"on": {"variant": "on"}, "off": "off", "pins": {}, "needs": [], "rules": rules}
    return Definition(key=key, seed="s", for_clients=True, targeting=targeting, **more)


FLAGS = [
    Definition(key="new", seed="s", weight=FULL, for_clients=True, metadata={"release": "Secret 3.0"}),
    ruled({"segment": "takeover-candidates"}, "broken"),
    ruled({"attribute": "agent", "op": "matches", "value": "a+b"}),
]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[inside.Inside]:
    keys = {SERVER: Key(1, "server"), CLIENT: Key(2, "client", origins=("https://shop.example",))}
    with inside.held(tmp_path_factory.mktemp("none"), keys, *FLAGS) as held:
        yield held


@pytest.mark.parametrize("path", [inside.BULK, f"{inside.BULK}/new", f"{inside.BULK}/broken"])
def test_a_client_key_tells_neither_what_is_coming_nor_what_a_flag_is_made_of(here: inside.Inside, path: str) -> None:
    told = here.ask(path, key=CLIENT).body
    assert b"Secret 3.0" not in told and b"takeover-candidates" not in told
    secrets = {"new": b"Secret 3.0", "broken": b"takeover-candidates"}
    assert all(secret in here.ask(f"{inside.BULK}/{key}", key=SERVER).body for key, secret in secrets.items())


def test_what_clients_are_given_is_counted_in_the_same_place(here: inside.Inside) -> None:
    house = here.holder.houses[1]
    before = house.asked["new"].by_name[0]
    here.ask(f"{inside.BULK}/new", key=CLIENT)
    assert house.asked["new"].by_name[0] == before + 1
    assert house.views["client"].settled[0].in_bulk is house.asked["new"].in_bulk


@pytest.mark.parametrize(
    ("told", "status", "variant"),
    [
        ({"targetingKey": "k" * 4_097}, 400, None),
        ({"agent": "a" * 1_024 + "b"}, 200, "off"),
        ({"agent": "a" * 1_023 + "b"}, 200, "on"),
    ],
)
def test_a_long_text_is_not_searched_or_hashed_by_each_flag(
    here: inside.Inside, told: dict[str, str], status: int, variant: str | None
) -> None:
    answer = here.ask(f"{inside.BULK}/ruled", orjson.dumps({"context": told}), key=CLIENT)
    assert (answer.status, answer.json.get("variant")) == (status, variant)


def test_of_a_long_header_or_query_only_the_beginning_is_read(here: inside.Inside) -> None:
    assert len(etags.known_to({b"if-none-match": b"," * 400_000})) == etags.MOST_KNOWN
    query = b"ticket=first&" + b"a=b&" * 15_000
    assert wire.asked_for("ticket", {"query_string": query}) == "first"
    assert wire.asked_for("ticket", {"query_string": b"a=b&" * 15_000 + b"ticket=late"}) == ""
    tag = here.ask(key=SERVER).headers["etag"]
    assert here.ask(key=SERVER, headers={"if-none-match": f'"other", W/{tag}'}).status == 304


def test_a_stolen_key_leaves_streams_for_others(here: inside.Inside) -> None:
    door = here.holder.doors.by_id[1]
    door.meter.streams = stream.MOST_OF_A_KEY
    try:
        assert here.ask("/ofrep/v1/stream", b"", "GET", key=SERVER).status == 429
    finally:
        door.meter.streams = 0


def test_a_database_that_hangs_is_not_called_reached(here: inside.Inside) -> None:
    holder = here.holder
    holder.connected, holder.checked_at = True, time.time()
    assert here.ask("/readyz", b"", "GET").json["database"] == "reached"
    holder.checked_at = time.time() - 60
    assert here.ask("/readyz", b"", "GET").json["database"] == "not reached"


@pytest.mark.parametrize(("before", "after"), [(True, 1), (1, True)])
def test_what_only_looks_alike_to_python_is_built_anew(before: object, after: object) -> None:
    def equal(value: object) -> dict[str, Any]:
        return {"attribute": "a", "op": "equals", "value": value}

    flags = {"f": ruled({"segment": "beta"}), "g": ruled(equal(before), "g")}
    built = compile_all(flags, {"beta": equal(before)})
    again = compile_all({**flags, "g": ruled(equal(after), "g")}, {"beta": equal(after)}, previous=built)
    assert {key: again[key].evaluate({"a": before}) for key in again} == {
        key: compile_all(flags, {"beta": equal(after)})["f"].evaluate({"a": before}) for key in again
    }


def test_a_body_that_never_comes_is_not_waited_for(here: inside.Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "BODY_SECONDS", 0.05)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if not sent:
            sent.append(None)
            return {"type": "http.request", "body": b"{", "more_body": True}
        await asyncio.sleep(5)
        raise AssertionError("it was waited for")

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"x-api-key", CLIENT.encode())]
    scope = {"type": "http", "method": "POST", "path": "", "raw_path": inside.BULK.encode(), "headers": headers}
    asyncio.run(ofrep.application(scope, receive, send))
    assert sent[1]["status"] == 408


def test_nobody_waits_for_the_collector_while_a_rule_set_is_written(here: inside.Inside) -> None:
    walks: list[str] = []

    def walked(phase: str, _: object) -> None:
        walks.append(phase)

    here.hold(*(ruled({"attribute": "a", "op": "equals", "value": n}, f"f{n}") for n in range(500)))
    gc.callbacks.append(walked)
    try:
        assert here.holder.houses[1].rule_set[0]
        made = len(walks)
    finally:
        gc.callbacks.remove(walked)
        here.hold(*FLAGS)
    assert made <= 2, "once it is over"
    assert gc.isenabled()
