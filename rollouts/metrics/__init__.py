"""Metric sources: where KPIs are read. `settings.SLIPWAY_METRICS` maps an alias to a backend and its options.

A backend is the name of a built-in kind, of an entry point in the group `slipway.metrics`, or a dotted path to a class.
"""

from importlib.metadata import entry_points

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from rollouts.metrics.base import MetricSource, Query, Reading

BUILT_IN = {
    "access_log": "rollouts.metrics.access_log.AccessLogSource",
    "exposition": "rollouts.metrics.exposition.ExpositionSource",
    "recording": "rollouts.metrics.recording.RecordingSource",
}
ENTRY_POINTS = "slipway.metrics"

__all__ = ["MetricSource", "Query", "Reading", "aliases", "get"]


def aliases() -> list[str]:
    """The names of all configured sources."""
    return sorted(settings.SLIPWAY_METRICS)


def get(alias: str) -> MetricSource:
    """The source configured under `alias`. Raises ImproperlyConfigured for an unknown alias, kind or option."""
    try:
        configured = settings.SLIPWAY_METRICS[alias]
    except KeyError:
        raise ImproperlyConfigured(f"No metric source is called {alias!r} in SLIPWAY_METRICS.") from None
    unknown = set(configured) - {"backend", "options"}
    if unknown or "backend" not in configured:
        raise ImproperlyConfigured(f"Metric source {alias!r} wants a backend and options, not {sorted(configured)}.")
    try:
        source: MetricSource = _backend(configured["backend"])(**configured.get("options", {}))
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"Metric source {alias!r} cannot be made: {error}") from error
    return source


def _backend(kind: str) -> type[MetricSource]:
    found = entry_points(group=ENTRY_POINTS, name=kind)
    try:
        backend: type[MetricSource] = next(iter(found)).load() if found else import_string(BUILT_IN.get(kind, kind))
    except ImportError as error:
        raise ImproperlyConfigured(f"Unknown kind of metric source {kind!r}: {error}") from error
    return backend
