"""Envoy: a route divided between two clusters, sticky by user, moved through its runtime.

The route has `hash_policy` on the user and `weighted_clusters: {use_hash_policy: true, runtime_key_prefix: …}`. Each
cluster's weight is the runtime key ``<prefix>.<cluster>``; both are always written, so that they add up to the same
total (Envoy's default is 100, ours 1 000) and a user's place in it never moves. Envoy forgets runtime changes when
it restarts and goes back to the weights of its configuration, which `defaults` names.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from core import http
from core.weights import FULL
from rollouts.routers.base import TIMEOUT, Change, Place, Reading, RouterError, Unsupported

TOTAL = 1000
GRAIN = FULL // TOTAL


class EnvoyRouter:
    """`admin_url`: Envoy's admin address. `routes`: route key → `{"prefix": runtime key prefix, "clusters": {slot:
    cluster}, "defaults": {cluster: weight of 1000}}`; a slot that is not listed is its own cluster.
    """

    forgets = True

    def __init__(self, admin_url: str, routes: Mapping[str, Mapping[str, Any]]) -> None:
        self.admin_url = admin_url.rstrip("/")
        self.routes = {key: _Route(key, **options) for key, options in routes.items()}

    def refusals(self, places: Sequence[Place], weights: Sequence[int]) -> tuple[str, ...]:
        refused = [
            f"envoy cannot move {weight} parts of {FULL}: it knows tenths of a percent."
            for weight in weights
            if weight % GRAIN
        ]
        for place in places:
            if place.key not in self.routes:
                refused.append(f"envoy has no route {place.key!r} in SLIPWAY_ROUTERS.")
            if place.follows:
                refused.append(f"envoy cannot let the route {place.key} follow another: a route carries.")
            if not place.candidate or not place.stable or place.candidate == place.stable:
                refused.append(f"envoy cannot divide the route {place.key} without two slots.")
        return tuple(refused)

    def send(self, changes: Sequence[Change], *, timeout: float = TIMEOUT) -> Mapping[str, str]:
        values: dict[str, int] = {}
        for change in changes:
            refused = self.refusals([change.place], [change.weight])
            if refused:
                raise Unsupported(" ".join(refused))
            route, share = self.routes[change.place.key], change.weight // GRAIN
            values[route.runtime_key(change.place.stable)] = TOTAL - share
            values[route.runtime_key(change.place.candidate)] = share
        self._ask("POST", f"/runtime_modify?{urlencode(values)}", timeout)
        return {}

    def read(self, places: Sequence[Place], *, timeout: float = TIMEOUT) -> Mapping[str, Reading]:
        try:
            entries = orjson.loads(self._ask("GET", "/runtime?format=json", timeout))["entries"]
            values = {
                key: int(entry["final_value"]) for key, entry in entries.items() if key.startswith(self._prefixes)
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RouterError(f"Envoy's runtime could not be understood: {error}.") from error
        return {place.key: self._reading(place, values) for place in places}

    def describe(self) -> str:
        return "Envoy"

    @property
    def _prefixes(self) -> tuple[str, ...]:
        return tuple(f"{route.prefix}." for route in self.routes.values())

    def _reading(self, place: Place, values: Mapping[str, int]) -> Reading:
        route = self.routes.get(place.key)
        if route is None:
            return Reading(weight=None, problem=f"envoy has no route {place.key!r} in SLIPWAY_ROUTERS.")
        stable, candidate = (route.weight(slot, values) for slot in (place.stable, place.candidate))
        if stable is None or candidate is None:
            return Reading(
                weight=None, problem=f"Envoy has forgotten the weights of {place.key}, and no defaults are configured."
            )
        if stable + candidate != TOTAL:
            return Reading(
                weight=None, problem=f"Envoy's weights of {place.key} add up to {stable + candidate}, not {TOTAL}."
            )
        return Reading(weight=candidate * GRAIN)

    def _ask(self, method: str, path: str, timeout: float) -> bytes:
        url = self.admin_url + path
        try:
            answer = http.post(url, timeout=timeout) if method == "POST" else http.get(url, timeout=timeout)
        except http.Unreachable as error:
            raise RouterError(f"Envoy does not answer: {error}") from error
        if answer.status != 200:
            raise RouterError(f"Envoy answered {answer.status}.")
        return answer.body


class _Route:
    """Where one route's weights stand in Envoy's runtime. Raises ValueError for defaults that do not add up."""

    def __init__(
        self,
        key: str,
        prefix: str,
        clusters: Mapping[str, str] | None = None,
        defaults: Mapping[str, int] | None = None,
    ) -> None:
        self.prefix, self.clusters, self.defaults = prefix, dict(clusters or {}), dict(defaults or {})
        if self.defaults and sum(self.defaults.values()) != TOTAL:
            raise ValueError(f"the defaults of route {key} add up to {sum(self.defaults.values())}, not {TOTAL}")

    def runtime_key(self, slot: str) -> str:
        return f"{self.prefix}.{self.clusters.get(slot, slot)}"

    def weight(self, slot: str, values: Mapping[str, int]) -> int | None:
        return values.get(self.runtime_key(slot), self.defaults.get(self.clusters.get(slot, slot)))
