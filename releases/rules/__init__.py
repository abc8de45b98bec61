"""Pure decisions of this room: no ORM, no clock, no network. Facts in, decisions with their reasons out."""

from core.digests import short
from releases.rules.builds import FRESH, Candidate, Running, candidate, running_build
from releases.rules.calendar import Freeze, freeze
from releases.rules.headline import at_a_glance, headline, in_a_row, in_a_word, phases
from releases.rules.risk import Checked, Reason, Risk, Shipment, assess, ship_reasons
from releases.rules.scope import Feature, Flag, flag_coverage, scope
from releases.rules.states import Answer, GateState, OnClose
from releases.rules.words import asked_again, counted, join

__all__ = [
    "FRESH",
    "Answer",
    "Candidate",
    "Checked",
    "Feature",
    "Flag",
    "Freeze",
    "GateState",
    "OnClose",
    "Reason",
    "Risk",
    "Running",
    "Shipment",
    "asked_again",
    "assess",
    "at_a_glance",
    "candidate",
    "counted",
    "flag_coverage",
    "freeze",
    "headline",
    "in_a_row",
    "in_a_word",
    "join",
    "phases",
    "running_build",
    "scope",
    "ship_reasons",
    "short",
]
