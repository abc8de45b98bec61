"""Where the demo's services listen: set by `make run` for every process it starts."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Addresses:
    """Base addresses without a slash at the end; empty where there is none."""

    blue: str
    green: str
    search: str
    envoy: str


def addresses() -> Addresses:
    """From SLIPWAY_DEMO_BLUE, _GREEN, _SEARCH (the shop's door, Envoy's listener) and _ENVOY (its admin address)."""
    names = ("BLUE", "GREEN", "SEARCH", "ENVOY")
    return Addresses(*(os.environ.get(f"SLIPWAY_DEMO_{name}", "").rstrip("/") for name in names))
