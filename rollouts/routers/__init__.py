"""Routers: what moves the weight. `settings.SLIPWAY_ROUTERS` maps an alias to a backend and its options."""

from rollouts.adapters import Registry
from rollouts.routers.base import TIMEOUT, Change, Place, Reading, Router, RouterError, Unsupported

__all__ = ["ROUTERS", "TIMEOUT", "Change", "Place", "Reading", "Router", "RouterError", "Unsupported", "aliases", "get"]

ROUTERS: Registry[Router] = Registry(
    noun="router",
    setting="SLIPWAY_ROUTERS",
    group="slipway.routers",
    built_in={
        "flag": "rollouts.routers.flag.FlagRouter",
        "envoy": "rollouts.routers.envoy.EnvoyRouter",
        "recording": "rollouts.routers.recording.RecordingRouter",
    },
    error="rollouts.E001",
)
aliases, get = ROUTERS.aliases, ROUTERS.get
