"""What signers, checklist teams and policy owners do."""

from approvals.actions.lists import add_item, remove_item, tick_item
from approvals.actions.policies import StageSpec, set_policy
from approvals.actions.signing import decide
from approvals.actions.submitting import submit_release

__all__ = ["StageSpec", "add_item", "decide", "remove_item", "set_policy", "submit_release", "tick_item"]
