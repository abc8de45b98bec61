"""The rows of this room."""

from flags.models.changes import FlagVersion, PlannedChange
from flags.models.flag import Flag, FlagSet, FlagState, Segment
from flags.models.keys import FlagKey
from flags.models.life import CleanUp, CodeReference, CodeScan
from flags.models.serving import FlagUsage, ServingProcess

__all__ = [
    "CleanUp",
    "CodeReference",
    "CodeScan",
    "Flag",
    "FlagKey",
    "FlagSet",
    "FlagState",
    "FlagUsage",
    "FlagVersion",
    "PlannedChange",
    "Segment",
    "ServingProcess",
]
