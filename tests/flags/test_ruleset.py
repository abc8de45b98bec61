"""The rule set for servers that evaluate in their own process: who may read it, and that both ways agree."""

from collections.abc import Iterator
from typing import Any

import pytest
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

from flags.evaluation import Definition, default_targeting
from flags.snapshot import Key
from tests.flags import inside
from tests.flags.inside import BULK, Inside

KEYS = {"server": Key(1, "server"), "page": Key(2, "client", origins=("https://shop.example",))}
PATH = "/flagd/v1/flags.json"
STAFF = {
    **default_targeting(("on", "off")),
    "pins": {"u-3": "on"},
    "needs": [{"flag": "search", "variants": ["on"]}],
    "rules": [{"name": "Staff", "when": {"segment": "staff"}, "serve": {"variant": "on"}}],
}
FLAGS = [
    Definition(key="search", seed="s", weight=60_000),
    Definition(key="rank", seed="r", weight=20_000, targeting=STAFF),
    Definition(key="ratio", type="float", variants=(("on", 1.0), ("off", 0.5)), seed="x", weight=50_000),
]


@pytest.fixture
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    staff = {"attribute": "email", "op": "ends_with", "value": "@example.com"}
    with inside.held(tmp_path_factory.mktemp("none"), KEYS, *FLAGS, staff=staff) as here:
        yield here


def test_both_ways_agree(here: Inside) -> None:
    """What flagd's own evaluator makes of the rule set is what a request is answered."""
    said = here.ask(PATH, method="GET", key="server")
    assert (said.status, said.headers["content-type"]) == (200, "application/json")
    core = FlagdCore()
    core.set_flags(said.body.decode())
    for number in range(200):
        user, email = f"u-{number}", f"{number}@{'example.com' if number % 3 else 'elsewhere.example'}"
        body = b'{"context": {"targetingKey": "%b", "email": "%b"}}' % (user.encode(), email.encode())
        answered = {flag["key"]: flag["value"] for flag in here.ask(BULK, body, key="server").json["flags"]}
        context = EvaluationContext(user, {"email": email})
        found: dict[str, Any] = {
            "search": core.resolve_boolean_value("search", False, context).value,
            "rank": core.resolve_boolean_value("rank", False, context).value,
            "ratio": core.resolve_float_value("ratio", 0.0, context).value,
        }
        assert found == answered, user


def test_it_is_read_again_only_when_a_rule_changed(here: Inside) -> None:
    said = here.ask(PATH, method="GET", key="server")
    tag = said.headers["etag"]
    assert here.ask(PATH, method="GET", key="server", headers={"if-none-match": f'"x", W/{tag}'}).status == 304
    here.hold(*FLAGS, staff=here.segments["staff"])
    assert here.ask(PATH, method="GET", key="server", headers={"if-none-match": tag}).status == 304, (
        "another version, the same rules"
    )
    here.hold(*FLAGS[:2], staff=here.segments["staff"])
    again = here.ask(PATH, method="GET", key="server", headers={"if-none-match": tag})
    assert (again.status, set(again.json["flags"])) == (200, {"search", "rank"})


def test_what_flagd_cannot_say_is_named_and_the_rest_is_there(here: Inside) -> None:
    listed = Definition(key="list", type="json", variants=(("on", [1]), ("off", [])), seed="l", weight=100_000)
    here.hold(*FLAGS, listed, staff=here.segments["staff"])
    document = here.ask(PATH, method="GET", key="server").json
    assert (set(document["flags"]), document["metadata"]["leftOut"]) == ({"search", "rank", "ratio"}, "list")


def test_only_a_server_key_reads_it(here: Inside) -> None:
    assert here.ask(PATH, method="GET", key="page").status == 403
    assert here.ask(PATH, method="GET", key="page", headers={"origin": "https://shop.example"}).status == 403
    assert here.ask(PATH, method="GET", key="wrong").status == 401
    assert here.ask(PATH, method="GET", key="server", headers={"origin": "https://shop.example"}).status == 403
    assert here.ask(PATH, key="server").status == 405
