"""The judge: says from users' first bad events whether a canary harms them. Pure: no Django, no clock, no network."""

from rollouts.judge.folding import acknowledged, fold
from rollouts.judge.state import State
from rollouts.judge.types import Basis, Counts, Kind, Observation, Params, Side, Threshold, Verdict
from rollouts.judge.verdict import verdict

__all__ = [
    "Basis",
    "Counts",
    "Kind",
    "Observation",
    "Params",
    "Side",
    "State",
    "Threshold",
    "Verdict",
    "acknowledged",
    "fold",
    "verdict",
]
