"""An application's view of the flags: a serving process, keys, and a flag of every type. Set up once for a module."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from core.models import Environment, Product
from core.weights import FULL
from flags import actions, keys
from flags.choices import KeyKind, ValueType
from flags.models import Flag, FlagKey
from tests.cast import open_storefront
from tests.conftest import FreshDatabase
from tests.flags.conftest import HOLDER
from tests.flags.serve import Server, serving

SITE = "https://shop.example"
BULK = "/ofrep/v1/evaluate/flags"
GERMANS = {"attribute": "user.country", "op": "equals", "value": "DE"}


@dataclass(frozen=True)
class Shop:
    server: Server
    product: Product
    production: Environment
    key: str
    client_key: str
    environment: dict[str, str]
    snapshots: Path

    def flag(self, key: str) -> Flag:
        return Flag.objects.get(product=self.product, key=key)

    def more_key(self, kind: KeyKind = KeyKind.CLIENT, **more: Any) -> tuple[FlagKey, str]:
        """One that a test may use up."""
        name = f"of a test {secrets.token_hex(4)}"
        return keys.issue_key(environment=self.production, kind=kind, name=name, actor=None, **more)

    def bulk(self, key: str, *, user: str = "u-1", query: str = "", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"context": {"targetingKey": user}}
        return httpx.post(f"{self.server.url}{BULK}{query}", json=body, headers={"x-api-key": key, **named})

    def set_weight(self, key: str, weight: int, build: str = "") -> int:
        """The version that it brings."""
        state = actions.set_weight(
            flag=self.flag(key), environment=self.production, weight=weight, build=build, actor=None
        )
        return state.version

    def bump(self) -> int:
        """Any change of what a client key reads; the version that it brings."""
        state = self.flag("banner").states.get(environment=self.production)
        return self.set_weight("banner", FULL if state.weight != FULL else 0)


@contextmanager
def open_shop(
    database: FreshDatabase, folder: Path, application: str = "flags.ofrep", **variables: str
) -> Iterator[Shop]:
    product = open_storefront()
    production = product.environments.get(slug="production")
    _furnish(product, production)
    _, key = keys.issue_key(environment=production, kind=KeyKind.SERVER, name="shop", actor=None)
    _, client_key = keys.issue_key(
        environment=production, kind=KeyKind.CLIENT, name="browser", origins=[SITE], actor=None
    )
    environment = {**database.environment, **variables}
    with serving(environment, folder / "snapshots", application=application) as server:
        yield Shop(server, product, production, key, client_key, environment, folder / "snapshots")


def _furnish(product: Product, production: Environment) -> None:
    def made(key: str, **more: Any) -> Flag:
        return actions.create_flag(product=product, key=key, name=key, actor=None, **more)

    def exposed(flag: Flag, weight: int = FULL, **more: Any) -> None:
        actions.set_weight(flag=flag, environment=production, weight=weight, actor=None, **more)

    typo = made("search-typo")
    actions.claim(flags=[typo], holder=HOLDER, label="Search 2.0", seed="release-7", actor=None)
    actions.move(flag=typo, environment=production, weight=30_000, build="", claim=HOLDER, fence=1)
    exposed(made("search-rank"), 1, build="sha256:2")
    exposed(made("banner", for_clients=True))
    values: list[tuple[str, ValueType, list[Any]]] = [
        ("theme", ValueType.STRING, ["dark", "light"]),
        ("limit", ValueType.INTEGER, [10, 20]),
        ("ratio", ValueType.FLOAT, [1.0, 0.25]),
        ("layout", ValueType.JSON, [{"columns": [1, 2.0], "wide": True}, {}]),
    ]
    for key, type, (on, off) in values:
        variants = [{"name": "on", "value": on}, {"name": "off", "value": off}]
        exposed(made(key, type=type, variants=variants, for_clients=key == "theme"))
    rule = {"name": "Germans", "when": GERMANS, "serve": {"variant": "off"}}
    theme = Flag.objects.get(product=product, key="theme")
    actions.set_targeting(flag=theme, environment=production, targeting={"rules": [rule]}, actor=None)
