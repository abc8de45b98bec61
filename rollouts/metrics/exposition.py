"""Counters scraped in Prometheus' text format, from Envoy's /stats/prometheus or anything else that speaks it.

Sums every series of one counter by side and by whether its status label is bad. A series that shrank was reset and
counts from zero again. A side without any series is no data, never zero: its process may be dead.
"""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

from django.utils.module_loading import import_string
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from rollouts.judge.types import Basis, Counts, Side
from rollouts.metrics.base import Query, Reading

QUERY_OPTIONS = ("metric", "side_label", "status_label", "labels")
DEFAULTS = {
    "metric": "envoy_cluster_upstream_rq_xx",
    "side_label": "envoy_cluster_name",
    "status_label": "envoy_response_code_class",
    "labels": "",
}


class Page(Protocol):
    """What a fetch gives."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Fetch(Protocol):
    """Gets a page; raises whatever it likes when it cannot."""

    def __call__(self, url: str, *, timeout: float) -> Page: ...


class Unusable(Exception):
    """The page was there, but does not hold the numbers asked for."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of the counter: what tells it apart, its side, whether it counts bad requests, and its value."""

    key: str
    side: Side
    bad: bool
    value: float
    at: float | None


class ExpositionSource:
    """Scrapes `url`. The other options name the counter and its labels; a query's options of the same names win.

    `labels` are further matchers, as "name=value,other=value". The status label holds a status or its class ("5").
    """

    basis = Basis.COUNTERS

    def __init__(
        self,
        url: str,
        timeout: float = 2.0,
        fetch: Fetch | None = None,
        clock: Callable[[], float] = time.time,
        **names: str,
    ) -> None:
        unknown = sorted(set(names) - set(QUERY_OPTIONS))
        if unknown:
            raise TypeError(f"unknown option {unknown[0]!r}")
        self.url = url
        self.timeout = timeout
        self.names = {**DEFAULTS, **names}
        self.fetch: Fetch = fetch or import_string("core.http.get")
        self.clock = clock

    def read(self, query: Query, cursor: str) -> Reading:
        before: dict[str, Any] = json.loads(cursor) if cursor else {}
        newest: float | None = before.get("at")
        try:
            page = self.fetch(self.url, timeout=self.timeout)
        except Exception as error:  # whatever keeps us from the page is an outage of the source, and only that
            return Reading(cursor, newest, problem=f"No answer from {self.describe()}: {type(error).__name__}.")
        if page.status != 200:
            return Reading(cursor, newest, problem=f"{self.describe()} answered with status {page.status}.")
        try:
            series = self._series(query, page.body.decode())
        except (Unusable, ValueError) as error:
            return Reading(cursor, newest, problem=f"{str(error)[:200]}", skipped=1)
        at = max((one.at for one in series if one.at is not None), default=self.clock())
        if before and at <= before["at"]:
            return Reading(cursor, newest)
        values = {**before.get("values", {}), **{one.key: one.value for one in series}}
        counts = _counts(series, before["values"], at) if before else None
        return Reading(json.dumps({"at": at, "values": values}), at, counts=counts)

    def _series(self, query: Query, text: str) -> list[Series]:
        names = {**self.names, **query.options}
        wanted = dict(pair.split("=", 1) for pair in names["labels"].split(",") if pair)
        sides = {query.canary: Side.CANARY, query.stable: Side.STABLE}
        found = []
        for sample in _samples(text, names["metric"]):
            side = sides.get(sample.labels.get(names["side_label"], ""))
            if side is None or any(sample.labels.get(name) != value for name, value in wanted.items()):
                continue
            if not isfinite(sample.value) or sample.value < 0:
                raise Unusable(f"{sample.name} of {side} is {sample.value}, which is no count.")
            bad = _is_bad(sample.labels.get(names["status_label"], ""), query.bad_status)
            key = json.dumps(sorted(sample.labels.items()))
            found.append(Series(key, side, bad, sample.value, _seconds(sample)))
        for side in Side:
            if not any(one.side is side for one in found):
                raise Unusable(f"{names['metric']} has no series for {side}.")
        return found

    def refusals(self, query: Query) -> tuple[str, ...]:
        refused = [
            f"An exposition knows no option {name!r}." for name in sorted(query.options) if name not in QUERY_OPTIONS
        ]
        if query.slow_ms > 0:
            refused.append("An exposition counts statuses; it cannot tell which requests were slower than a bound.")
        if query.bad_status <= 0:
            refused.append("No status makes a request bad.")
        if query.canary == query.stable:
            refused.append("Canary and stable are the same.")
        return tuple(refused)

    def describe(self) -> str:
        return f"counters at {self.url}"


def _samples(text: str, metric: str) -> Iterable[Sample]:
    for family in text_string_to_metric_families(text):
        if family.name == metric or family.name == metric.removesuffix("_total"):
            yield from (sample for sample in family.samples if sample.name in (metric, f"{metric}_total"))


def _seconds(sample: Sample) -> float | None:
    return None if sample.timestamp is None else float(sample.timestamp)


def _is_bad(status: str, bad_status: int) -> bool:
    """Whether a status ("503") or a class of them ("5", "5xx") is at least `bad_status`. Raises Unusable if neither."""
    digits = status.removesuffix("xx")
    if not digits.isdigit():
        raise Unusable(f"{status!r} is no status.")
    return int(digits) >= (bad_status if len(digits) == 3 else bad_status // 100)


def _counts(series: list[Series], before: dict[str, float], at: float) -> Counts:
    """What was added since `before`; a series that shrank was reset, and one never seen before began at zero."""
    added = {(side, bad): 0 for side in Side for bad in (False, True)}
    for one in series:
        earlier = before.get(one.key, 0.0)
        added[one.side, one.bad] += round(one.value - earlier if one.value >= earlier else one.value)
    return Counts(
        at,
        canary_good=added[Side.CANARY, False],
        canary_bad=added[Side.CANARY, True],
        stable_good=added[Side.STABLE, False],
        stable_bad=added[Side.STABLE, True],
    )
