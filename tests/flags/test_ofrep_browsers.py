"""What a key may be used for: from which pages, how often, and what somebody who stole one can learn."""

import math
from collections.abc import Iterator

import pytest

from flags.doors import Meter
from flags.evaluation import Definition, default_targeting
from flags.snapshot import Key
from tests.flags import inside
from tests.flags.inside import BULK, Inside, Said

SITE, OTHER, EVIL = "https://shop.example", "https://other.example", "https://evil.example"
NOTHING: dict[str, str] = {}
KEYS = {
    "server": Key(1, "server"),
    "page": Key(2, "client", origins=(SITE,)),
    "app": Key(3, "client"),
    "other": Key(4, "client", origins=(OTHER, "http://localhost:5173")),
}
SECRETS = ("Secret rule", "secret.example", "Acme", "u-secret", "big-customers", "hidden-flag", "seed-of", "salt-of")
RULES = {
    **default_targeting(("on", "off")),
    "pins": {"u-secret": "on"},
    "needs": [{"flag": "hidden-flag", "variants": ["on"]}],
    "rules": [
        {
            "name": "Secret rule",
            "when": {
                "any": [{"attribute": "email", "op": "ends_with", "value": "secret.example"}, {"segment": "customers"}]
            },
            "serve": {"variant": "on"},
        }
    ],
}
FLAGS = [
    Definition(key="public", seed="seed-of", salt="salt-of", weight=100, targeting=RULES, for_clients=True),
    Definition(key="hidden-flag", seed="seed-of", weight=100_000),
]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    customers = {"attribute": "company", "op": "equals", "value": "Acme"}
    with inside.held(tmp_path_factory.mktemp("none"), KEYS, *FLAGS, customers=customers) as here:
        yield here


@pytest.mark.parametrize(
    ("key", "origin", "status", "shown"),
    [
        ("page", SITE, 200, True),
        ("page", OTHER, 403, False),
        ("page", EVIL, 403, False),
        ("page", SITE + ".evil.example", 403, False),
        ("page", "null", 403, False),
        ("page", "", 200, False),
        ("app", SITE, 403, False),
        ("app", "", 200, False),
        ("other", "http://localhost:5173", 200, True),
        ("server", SITE, 403, False),
        ("server", "", 200, False),
        ("wrong", SITE, 401, True),
        ("wrong", EVIL, 401, False),
    ],
)
def test_each_key_has_origins_of_its_own(here: Inside, key: str, origin: str, status: int, shown: bool) -> None:
    for path, found in ((BULK, status), (f"{BULK}/nothing", 404 if status == 200 else status)):
        said = here.ask(path, key=key, headers={"origin": origin} if origin else {})
        assert said.status == found
        assert said.headers.get("access-control-allow-origin") == (origin if shown else None)
        assert ("etag" in said.headers.get("access-control-expose-headers", "")) is shown
        assert said.headers.get("vary") == ("origin" if origin else None)
        assert "access-control-allow-credentials" not in said.headers


@pytest.mark.parametrize(("origin", "allowed"), [(SITE, True), (OTHER, True), (EVIL, False), ("null", False)])
def test_a_browser_that_asks_beforehand_shows_no_key(here: Inside, origin: str, allowed: bool) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    for path, method in ((BULK, "POST"), (f"{BULK}/public", "POST"), ("/ofrep/v1/stream", "GET")):
        said = here.ask(path, method="OPTIONS", headers={**asked, "origin": origin})
        assert (said.status, said.headers.get("access-control-allow-origin")) == (
            (204, origin) if allowed else (403, None)
        )
        if allowed:
            assert said.headers["access-control-allow-methods"] == method
            wanted = {"authorization", "content-type", "if-none-match", "x-api-key"}
            assert wanted <= set(said.headers["access-control-allow-headers"].split(", "))


def test_a_key_for_any_site_still_names_the_one_that_asks(tmp_path_factory: pytest.TempPathFactory) -> None:
    with inside.held(tmp_path_factory.mktemp("none"), {"any": Key(1, "client", origins=("*",))}, *FLAGS) as here:
        said = here.ask(key="any", headers={"origin": EVIL})
        assert (said.status, said.headers["access-control-allow-origin"]) == (200, EVIL)


def test_a_stolen_client_key_cannot_read_rules(here: Inside) -> None:
    """Whatever is asked with it, no answer holds a rule, a pin, a segment, a seed, or a flag not meant for clients."""
    contexts = (b"{}", b'{"context": {"targetingKey": "u-1"}}', b'{"context": {"company": "x"}}', b"{", b"[]")
    answers: list[Said] = [
        here.ask(path, body, method, key="page", headers=headers)
        for path in (BULK, f"{BULK}/public", f"{BULK}/hidden", "/flagd/v1/flags.json", "/readyz", "/ofrep/v1/x")
        for body in contexts
        for method in ("POST", "GET")
        for headers in (NOTHING, {"origin": SITE}, {"if-none-match": '"x"'})
    ]
    assert {answer.status for answer in answers} >= {200, 400, 404}
    for answer in answers:
        text = answer.body.decode() + str(answer.headers)
        assert not [secret for secret in SECRETS if secret in text]
    assert here.ask(f"{BULK}/hidden-flag", key="page").status == 404
    assert [flag["key"] for flag in here.ask(key="page").json["flags"]] == ["public"]
    assert here.ask("/flagd/v1/flags.json", method="GET", key="page").status == 403


def test_a_key_that_has_expired_is_none(here: Inside) -> None:
    ended = Inside(here.holder, {"old": Key(9, "server", expires_at=1.0), "new": Key(8, "server", expires_at=9e9)})
    ended.hold(*FLAGS)
    assert [here.ask(key=key).status for key in ("old", "new")] == [401, 200]
    here.hold(*FLAGS)


def test_a_measure_lets_through_what_it_says() -> None:
    meter = Meter()
    passed = [eighth / 8 for eighth in range(80) if meter.wait(2, eighth / 8) == 0]
    assert passed[:4] == [0.0, 0.125, 0.5, 1.0], "a second's worth at once, then two a second"
    assert len(passed) == 21
    assert meter.wait(2, 9.875) == 0.125
    assert math.isclose(Meter(tokens=0.0).wait(0.5, 0.0), 2.0)
    assert all(meter.wait(0, 9.9) == 0 for _ in range(1000)), "no measure"
