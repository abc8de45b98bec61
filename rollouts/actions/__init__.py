"""Everything that changes a rollout. Each: lock, re-check, change, record, tell; all in one transaction."""

from rollouts.actions.back import roll_back
from rollouts.actions.grow import advance, begin_watch, complete
from rollouts.actions.plan import KpiSpec, StepSpec, TargetSpec, set_plan
from rollouts.actions.reenable import reenable_flag
from rollouts.actions.start import start_rollout, supersede
from rollouts.actions.steer import hold, hold_for, lift, pause, press_go, resume

__all__ = [
    "KpiSpec",
    "StepSpec",
    "TargetSpec",
    "advance",
    "begin_watch",
    "complete",
    "hold",
    "hold_for",
    "lift",
    "pause",
    "press_go",
    "reenable_flag",
    "resume",
    "roll_back",
    "set_plan",
    "start_rollout",
    "supersede",
]
