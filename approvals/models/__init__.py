"""Who must agree, who did, and to exactly what."""

from approvals.models.lists import ChecklistItem, ChecklistItemQuerySet, Tick, TickEvidence, TickQuerySet
from approvals.models.signing import (
    Decision,
    DecisionReason,
    Policy,
    PolicyQuerySet,
    Seal,
    SignoffRequest,
    SignoffRequestQuerySet,
    Stage,
)
from approvals.models.talk import Delegation, Remark, RemarkText, Told, Watch

__all__ = [
    "ChecklistItem",
    "ChecklistItemQuerySet",
    "Decision",
    "DecisionReason",
    "Delegation",
    "Policy",
    "PolicyQuerySet",
    "Remark",
    "RemarkText",
    "Seal",
    "SignoffRequest",
    "SignoffRequestQuerySet",
    "Stage",
    "Tick",
    "TickEvidence",
    "TickQuerySet",
    "Told",
    "Watch",
]
