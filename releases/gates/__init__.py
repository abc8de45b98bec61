"""Gates: the one list of reasons why a release may or may not go on. The registry, and the gates of this room."""

from releases.gates.base import Gate, GateFunction, Question, closed, readiness
from releases.gates.facts import candidate, flag_coverage, freeze, running_build, scope
from releases.rules import GateState, OnClose

__all__ = [
    "Gate",
    "GateFunction",
    "GateState",
    "OnClose",
    "Question",
    "candidate",
    "closed",
    "flag_coverage",
    "freeze",
    "readiness",
    "running_build",
    "scope",
]
