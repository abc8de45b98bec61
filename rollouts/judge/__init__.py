"""The judge: says from users' first bad events whether a canary harms them. Pure: no Django, no clock, no network."""

from rollouts.judge.types import Basis, Counts, Kind, Observation, Params, Side, Threshold, Verdict

__all__ = ["Basis", "Counts", "Kind", "Observation", "Params", "Side", "Threshold", "Verdict"]
