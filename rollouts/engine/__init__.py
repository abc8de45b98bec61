"""The engine: finds rollouts whose time has come, and moves each as far as it may go now.

The rows are the truth. Everything here may be killed at any line, run twice, or run in two places at once.
"""

from rollouts.engine.due import due
from rollouts.engine.tick import tick

__all__ = ["due", "run_once", "tick"]


def run_once() -> int:
    """One beat in this very process: claim what is due and tick it. Returns how many there were."""
    ids = due()
    tick(ids)
    return len(ids)
