from core.models.audit import AuditAnchor, AuditEntry, AuditStream, AuditText
from core.models.base import AppendOnly, Kept
from core.models.outbox import OutboxMessage
from core.models.people import ApiToken, Role, Team, User
from core.models.products import Environment, Product

__all__ = [
    "ApiToken",
    "AppendOnly",
    "AuditAnchor",
    "AuditEntry",
    "AuditStream",
    "AuditText",
    "Environment",
    "Kept",
    "OutboxMessage",
    "Product",
    "Role",
    "Team",
    "User",
]
