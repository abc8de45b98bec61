"""What every router does. The flags are real rows, the Envoy is the real one."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from config.embedded import ports
from core.models import Environment, User
from core.weights import FULL
from flags import actions as flag_actions
from rollouts import routers
from rollouts.routers import ROUTERS, Change, Place, Router, RouterError
from tests.rollouts.routers.rigs import RealEnvoy

KINDS = ("flag", "flag that follows", "envoy", "recording", "recording in a file")


@dataclass
class Rig:
    kind: str
    router: Router
    place: Place
    fence: int = 0

    def send(self, weight: int) -> None:
        self.fence += 1
        assert self.router.send([Change(place=self.place, weight=weight, fence=self.fence)]) == {}

    def weight(self) -> int | None:
        return self.router.read([self.place])[self.place.key].weight


@pytest.fixture(scope="module")
def envoy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealEnvoy]:
    envoy = RealEnvoy(tmp_path_factory.mktemp("envoy"))
    envoy.start()
    yield envoy
    envoy.stop()


@pytest.fixture(params=KINDS)
def rig(
    request: pytest.FixtureRequest,
    settings: Settings,
    envoy: RealEnvoy,
    production: Environment,
    rhea: User,
    tmp_path: Path,
) -> Rig:
    kind = request.param
    options: dict[str, Any] = {"file": str(tmp_path / "kept.json")} if "file" in kind else {"name": str(tmp_path)}
    configured = {
        "flag": {"backend": "flag"},
        "envoy": envoy.configured(),
        "recording": {"backend": "recording", "options": options},
    }
    settings.SLIPWAY_ROUTERS = configured
    settings.SLIPWAY_HTTP_ALLOW = [f"127.0.0.1:{envoy.admin}"]
    place = Place(environment=production.pk, key="search", claim="release:1", candidate="green", stable="blue")
    if kind.startswith("flag"):
        flag = flag_actions.create_flag(product=production.product, key="search", name="Search", actor=rhea)
        flag_actions.claim(flags=[flag], holder="release:1", label="Search 2.0", seed="s", actor=rhea)
        place = replace(place, follows="follows" in kind, build="sha256:99")
    rig = Rig(kind, routers.get(kind.split()[0]), place)
    rig.send(0)
    return rig


def test_what_was_sent_is_what_is_read(rig: Rig) -> None:
    for weight in (5_000, 25_000, 25_000, FULL, 0):
        rig.send(weight)
        assert rig.weight() == weight


def test_p2_it_goes_back_from_anywhere(rig: Rig) -> None:
    for weight in (100, 50_000, FULL):
        rig.send(weight)
        rig.send(0)
        assert rig.weight() == 0


def test_it_can_what_a_plan_wants(rig: Rig) -> None:
    assert rig.router.refusals([rig.place], [5_000, 25_000, FULL]) == ()
    assert rig.router.describe()


def test_every_place_is_answered(rig: Rig) -> None:
    other = replace(rig.place, key="not-there")
    answers = rig.router.read([rig.place, other])
    assert set(answers) == {"search", "not-there"}
    assert answers["not-there"].weight in (None, 0)


def test_reading_changes_nothing(rig: Rig) -> None:
    rig.send(5_000)
    assert [rig.weight(), rig.weight(), rig.weight()] == [5_000] * 3


def test_envoy_refuses_by_name_what_it_cannot(envoy: RealEnvoy, settings: Settings) -> None:
    settings.SLIPWAY_ROUTERS = {"envoy": envoy.configured()}
    router = routers.get("envoy")
    place = Place(environment=1, key="search", candidate="green", stable="blue")
    assert "tenths of a percent" in router.refusals([place], [5_050])[0]
    assert "no route 'checkout'" in router.refusals([replace(place, key="checkout")], [5_000])[0]
    assert "a route carries" in router.refusals([replace(place, follows=True)], [5_000])[0]
    assert "two slots" in router.refusals([replace(place, stable="")], [5_000])[0]
    with pytest.raises(routers.Unsupported, match="envoy cannot"):
        router.send([Change(place=place, weight=5_050, fence=1)])


def test_a_restarted_envoy_is_known_to_be_where_its_configuration_says(tmp_path: Path, settings: Settings) -> None:
    envoy = RealEnvoy(tmp_path)
    settings.SLIPWAY_ROUTERS, settings.SLIPWAY_HTTP_ALLOW = {"envoy": envoy.configured()}, [f"127.0.0.1:{envoy.admin}"]
    router, place = routers.get("envoy"), Place(environment=1, key="search", candidate="green", stable="blue")
    try:
        envoy.start()
        router.send([Change(place=place, weight=25_000, fence=1)])
        assert router.read([place])["search"].weight == 25_000
        assert router.read([replace(place, candidate="blue", stable="green")])["search"].weight == 75_000
        envoy.stop()
        with pytest.raises(RouterError, match="does not answer"):
            router.read([place])
        envoy.start()
        assert router.read([place])["search"].weight == 0
    finally:
        envoy.stop()


def test_a_router_that_hangs_is_given_up_in_time(settings: Settings) -> None:
    (port,) = ports.free()
    settings.SLIPWAY_HTTP_ALLOW = [f"127.0.0.1:{port}"]
    settings.SLIPWAY_ROUTERS = {
        "envoy": {
            "backend": "envoy",
            "options": {"admin_url": f"http://127.0.0.1:{port}", "routes": {"search": {"prefix": "p"}}},
        }
    }
    import socket

    with socket.create_server(("127.0.0.1", port)):
        began = time.monotonic()
        with pytest.raises(RouterError):
            routers.get("envoy").read([Place(environment=1, key="search", candidate="a", stable="b")], timeout=0.3)
        assert time.monotonic() - began < 2


def test_flags_refuse_an_older_fence_and_a_foreign_claim(
    production: Environment, rhea: User, settings: Settings
) -> None:
    settings.SLIPWAY_ROUTERS = {"flag": {"backend": "flag"}}
    flag = flag_actions.create_flag(product=production.product, key="search", name="Search", actor=rhea)
    flag_actions.claim(flags=[flag], holder="release:1", label="Search 2.0", seed="s", actor=rhea)
    router, place = routers.get("flag"), Place(environment=production.pk, key="search", claim="release:1")
    assert router.send([Change(place=place, weight=5_000, fence=7)]) == {}
    assert "too late" in router.send([Change(place=place, weight=25_000, fence=6)])["search"]
    other = replace(place, claim="release:2")
    assert "not claimed" in router.send([Change(place=other, weight=25_000, fence=8)])["search"]
    assert router.read([other])["search"].foreign
    assert router.read([place])["search"].weight == 5_000


def test_p2_one_flag_that_cannot_go_back_keeps_no_other(
    production: Environment, rhea: User, settings: Settings
) -> None:
    settings.SLIPWAY_ROUTERS = {"flag": {"backend": "flag"}}
    places = []
    for key, claim in (("one", "release:1"), ("two", "release:2")):
        flag = flag_actions.create_flag(product=production.product, key=key, name=key, actor=rhea)
        flag_actions.claim(flags=[flag], holder=claim, label=claim, seed="s", actor=rhea)
        place = Place(environment=production.pk, key=key, claim=claim)
        assert routers.get("flag").send([Change(place=place, weight=5_000, fence=1)]) == {}
        places.append(replace(place, claim="release:1"))
    problems = routers.get("flag").send([Change(place=place, weight=0, fence=2) for place in places])
    assert set(problems) == {"two"}
    assert routers.get("flag").read(places)["one"].weight == 0


def test_p2_back_at_0_nobody_has_it_by_a_rule_either(production: Environment, rhea: User, settings: Settings) -> None:
    settings.SLIPWAY_ROUTERS = {"flag": {"backend": "flag"}}
    router, place = routers.get("flag"), Place(environment=production.pk, key="search", claim="release:1")
    flag = flag_actions.create_flag(product=production.product, key="search", name="Search", actor=rhea)
    flag_actions.set_targeting(flag=flag, environment=production, targeting={"pins": {"u-1": "on"}}, actor=rhea)
    flag_actions.claim(flags=[flag], holder="release:1", label="Search 2.0", seed="s", actor=rhea)
    assert "by its rules" in router.read([place])["search"].problem, "it had them before the release had it"
    for fence, weight in enumerate((5_000, 0)):
        assert router.send([Change(place=place, weight=weight, fence=fence)]) == {}
    assert router.read([place])["search"].weight == 0
    assert flag.states.get(environment=production).withheld


@pytest.mark.parametrize(
    ("configured", "words"),
    [
        ({"backend": "haproxy2000"}, "haproxy2000"),
        ({"backend": "envoy", "options": {}}, "admin_url"),
        ({"backend": "recording", "options": {"colour": "red"}}, "colour"),
        ({"kind": "flag"}, "wants a backend"),
    ],
)
def test_what_cannot_be_configured_fails_at_check(configured: dict[str, Any], words: str, settings: Settings) -> None:
    settings.SLIPWAY_ROUTERS = {"odd": configured}
    (error,) = ROUTERS.check(None)
    assert words in str(error.msg)
