"""Metric sources: where KPIs are read. `settings.SLIPWAY_METRICS` maps an alias to a backend and its options."""

from rollouts.adapters import Registry
from rollouts.metrics.base import MetricSource, Query, Reading

__all__ = ["SOURCES", "MetricSource", "Query", "Reading", "aliases", "get"]

SOURCES: Registry[MetricSource] = Registry(
    noun="metric source",
    setting="SLIPWAY_METRICS",
    group="slipway.metrics",
    built_in={
        "access_log": "rollouts.metrics.access_log.AccessLogSource",
        "exposition": "rollouts.metrics.exposition.ExpositionSource",
        "recording": "rollouts.metrics.recording.RecordingSource",
    },
    error="rollouts.E101",
)
aliases, get = SOURCES.aliases, SOURCES.get
