"""Routers: what moves the weight. `settings.SLIPWAY_ROUTERS` maps an alias to a backend and its options.

A backend is the name of a built-in kind, of an entry point in the group `slipway.routers`, or a dotted path to a class.
"""

from importlib.metadata import entry_points

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from rollouts.routers.base import TIMEOUT, Change, Place, Reading, Router, RouterError, Unsupported

BUILT_IN = {
    "flag": "rollouts.routers.flag.FlagRouter",
    "envoy": "rollouts.routers.envoy.EnvoyRouter",
    "recording": "rollouts.routers.recording.RecordingRouter",
}
ENTRY_POINTS = "slipway.routers"

__all__ = ["TIMEOUT", "Change", "Place", "Reading", "Router", "RouterError", "Unsupported", "aliases", "get"]


def aliases() -> list[str]:
    """The names of all configured routers."""
    return sorted(settings.SLIPWAY_ROUTERS)


def get(alias: str) -> Router:
    """The router configured under `alias`. Raises ImproperlyConfigured for an unknown alias, kind or option."""
    try:
        configured = settings.SLIPWAY_ROUTERS[alias]
    except KeyError:
        raise ImproperlyConfigured(f"No router is called {alias!r} in SLIPWAY_ROUTERS.") from None
    unknown = set(configured) - {"backend", "options"}
    if unknown or "backend" not in configured:
        raise ImproperlyConfigured(f"Router {alias!r} wants a backend and options, not {sorted(configured)}.")
    try:
        router: Router = _backend(configured["backend"])(**configured.get("options", {}))
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"Router {alias!r} cannot be made: {error}") from error
    return router


def _backend(kind: str) -> type[Router]:
    found = entry_points(group=ENTRY_POINTS, name=kind)
    try:
        backend: type[Router] = next(iter(found)).load() if found else import_string(BUILT_IN.get(kind, kind))
    except ImportError as error:
        raise ImproperlyConfigured(f"Unknown kind of router {kind!r}: {error}") from error
    return backend
