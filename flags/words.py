"""How this room says who has a flag."""

from core.digests import short
from core.weights import as_percent


def reach(weight: int, build: str) -> str:
    """``5 %``, or whoever a build serves where that build's route carries the share."""
    return f"whoever {short(build)} serves" if build and weight else as_percent(weight)
