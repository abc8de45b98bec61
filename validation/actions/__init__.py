"""What people do about tests: write scenarios, try them, move findings. Whatever may close or open the staging gate
locks the release row first.
"""

from validation.actions.findings import move_finding, raise_finding
from validation.actions.sittings import finish_run, start_run, submit_result, submit_step
from validation.actions.writing import change_scenario, remove_scenario, write_scenario

__all__ = [
    "change_scenario",
    "finish_run",
    "move_finding",
    "raise_finding",
    "remove_scenario",
    "start_run",
    "submit_result",
    "submit_step",
    "write_scenario",
]
