"""What signers, checklist teams and policy owners do."""

from approvals.actions.delegating import delegate, take_back
from approvals.actions.lists import add_item, remove_item, tick_item
from approvals.actions.policies import StageSpec, set_policy
from approvals.actions.reminding import remind
from approvals.actions.signing import decide
from approvals.actions.submitting import submit_release
from approvals.actions.talking import answer, ask
from approvals.actions.telling import tell_changes, to_look_at

__all__ = [
    "StageSpec",
    "add_item",
    "answer",
    "ask",
    "decide",
    "delegate",
    "remind",
    "remove_item",
    "set_policy",
    "submit_release",
    "take_back",
    "tell_changes",
    "tick_item",
    "to_look_at",
]
