"""Everything that changes a product, who belongs to it, and what machines may do in its name."""

from core.actions.people import add_person, grant_role, revoke_role
from core.actions.products import add_environment, change_product, create_product
from core.actions.sessions import end_other_sessions
from core.actions.teams import create_team, join_team, leave_team
from core.actions.tokens import issue_token, revoke_token

__all__ = [
    "add_environment",
    "add_person",
    "change_product",
    "create_product",
    "create_team",
    "end_other_sessions",
    "grant_role",
    "issue_token",
    "join_team",
    "leave_team",
    "revoke_role",
    "revoke_token",
]
